use redis_components::Connection;
pub async fn exported(conn: &mut Connection) {}
pub async fn original(conn: &mut Connection) {}
