pub mod below;
use redis_components::Connection;
pub async fn one(conn: &mut Connection) {}
pub async fn two(conn: &mut Connection) {}
