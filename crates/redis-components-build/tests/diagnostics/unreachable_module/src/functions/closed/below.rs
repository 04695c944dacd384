pub async fn three(conn: &mut redis_components::Connection) {}
