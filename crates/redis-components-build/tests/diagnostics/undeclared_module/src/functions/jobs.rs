pub async fn read(conn: &mut redis_components::Connection) {}
