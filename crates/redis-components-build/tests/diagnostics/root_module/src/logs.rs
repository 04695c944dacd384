pub async fn log_recent(conn: &mut redis_components::Connection) {}
