use redis::aio::{ConnectionManager, MultiplexedConnection, PubSub as Subscriber};
use redis::{AsyncCommands, RedisResult};
use redis_components::redis::aio::MultiplexedConnection as Raw;

type Own = redis_components::Connection;

pub async fn multiplexed(conn: &mut MultiplexedConnection) -> RedisResult<(String, String)> {
    conn.blpop("a", 0.0).await
}

pub async fn manager(mut conn: ConnectionManager) -> RedisResult<()> {
    redis::cmd("SELECT").arg(1).exec_async(&mut conn).await
}

pub async fn renamed(conn: &mut Raw) -> RedisResult<(String, String)> {
    conn.blpop("a", 0.0).await
}

pub async fn generic<C>(conn: &mut C) -> RedisResult<(String, String)>
where
    C: AsyncCommands,
{
    conn.blpop("a", 0.0).await
}

pub async fn aliased(conn: &mut Own) -> RedisResult<(String, String)> {
    conn.blpop("a", 0.0).await
}

pub fn own_socket(conn: &mut redis::Connection) -> RedisResult<(String, String)> {
    redis::cmd("BLPOP").arg("a").arg(0).query(conn)
}

pub async fn no_connection(conn: &mut Own) -> RedisResult<()> {
    let mut queue = Queue::default();
    queue.blpop("a", 0.0);
    redis::cmd("PING").exec_async(conn).await
}

pub async fn subscriber(conn: &mut Subscriber) -> RedisResult<()> {
    let mut other = own_socket().await?;
    other.blpop("a", 0.0).await
}
