use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, Commands, RedisResult};
use redis_components::{Connection, blocking};

/// Waits: `conn.blpop(key, 0.0)`.
pub async fn pop(conn: &mut Connection, key: &str) -> RedisResult<Option<(String, String)>> {
    // Not conn.brpop(key, 0.0), which takes the other end.
    let _ = "conn.bzpopmin(key, 0.0)";
    /* „ü“ */ conn.blpop(key, 0.0).await
}

pub async fn pop_twice(conn: &mut Connection) -> RedisResult<()> {
    redis::cmd("brpop").arg("a").arg(0).exec_async(conn).await?;
    redis::cmd("BLPOP").arg("a").arg(0).exec_async(conn).await
}

pub async fn own(conn: &mut Connection) -> RedisResult<()> {
    redis::cmd("BLPOP").arg("a").arg(0).exec_async(conn).await
}

pub fn blocking(conn: &mut blocking::Connection) -> RedisResult<(String, String)> {
    conn.blpop("a", 0.0)
}

pub async fn r#raw(conn: &mut impl AsyncCommands) -> RedisResult<(String, String)> {
    conn
        .bzpopmax::<_, _>("a", 0.0)
        .await
}

pub async fn select(conn: &mut Connection) -> RedisResult<()> {
    redis::cmd("SELECT").arg(3).exec_async(conn).await
}

pub async fn read(conn: &mut Connection) -> RedisResult<StreamReadReply> {
    let options = StreamReadOptions::default().block(100);
    conn.xread_options(&["s"], &["$"], &options).await
}

pub async fn only_says_so(conn: &mut Connection) -> RedisResult<()> {
    // conn.blpop("a", 0.0)
    conn.set("BLPOP", "redis::cmd(\"SELECT\")").await
}

pub async fn r#match(conn: &mut Connection) -> RedisResult<()> {
    redis::cmd("CLIENT").arg("REPLY").arg("OFF").exec_async(conn).await
}

pub mod inside {
    use super::*;

    pub async fn inner(conn: &mut Connection) -> RedisResult<(String, String)> {
        conn.brpop("a", 0.0).await
    }
}

pub async fn not_listed(conn: &mut Connection) -> RedisResult<(String, String)> {
    conn.brpop("a", 0.0).await
}
