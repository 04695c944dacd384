use redis_components::Connection;

pub async fn text(conn: &mut Connection) -> Result<u64, String> {
    Ok(1)
}

pub async fn nothing(conn: &mut Connection) -> Result<u64, ()> {
    Ok(1)
}

pub async fn pair(conn: &mut Connection) -> Result<u64, (u16, String)> {
    Ok(1)
}

pub async fn borrowed(conn: &mut Connection) -> std::result::Result<u64, &'static str> {
    Ok(1)
}

pub async fn own<String>(conn: &mut Connection, it: String) -> Result<u64, String> {
    Err(it)
}
