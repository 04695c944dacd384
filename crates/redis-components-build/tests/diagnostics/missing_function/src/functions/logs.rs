use redis_components::Connection;

pub async fn log_recent(conn: &mut Connection) {}

pub async fn log_common(conn: &mut Connection) {}
