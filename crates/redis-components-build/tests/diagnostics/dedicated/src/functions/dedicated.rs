use redis::aio::ConnectionLike;
use redis_components::Connection;

pub async fn owned(mut conn: Connection) {}

pub async fn generic<C: ConnectionLike>(mut conn: C) {}
