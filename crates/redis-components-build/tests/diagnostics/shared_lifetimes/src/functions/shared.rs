use redis_components::Connection;

pub async fn exclusive<'a>(conn: &'a mut Connection, keys: &'a mut Vec<&'a str>) {}

pub async fn unknown<'a>(conn: &'a mut Connection, key: Key<'a>) {}

pub async fn callback<'a>(conn: &'a mut Connection, key: &str, callback: fn(&'a str)) {}

pub async fn dynamic<'a>(conn: &'a mut Connection, keys: Box<dyn Iterator<Item = &'a str> + 'a>) {}

pub async fn nested<'a>(conn: &'a mut Connection, keys: Vec<Option<Cell<&'a str>>>) {}

pub async fn shrinks<'a>(conn: &'a mut Connection, keys: &'a mut Vec<String>, more: Option<&'a [(&'a str, u8)]>) {}

pub async fn separate<'c, 'a>(conn: &'c mut Connection, key: Key<'a>) {}
