use redis::{AsyncCommands, RedisResult};
use redis_components::{Connection, Error, Subscriber};

type Ears = Subscriber;

pub async fn listen(ears: &mut Ears) -> Result<(), Error> {
    let mut other = own_socket().await?;
    redis::cmd("BLPOP").arg("a").arg(0).query_async(&mut other).await
}

pub async fn other(conn: &mut Connection) -> RedisResult<(String, String)> {
    conn.blpop("a", 0.0).await
}
