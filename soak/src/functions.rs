//! What is called, as an application would write it.

use redis::RedisResult;
use redis_components::{Connection, blocking};

/// Counts up, and gives the count, the text that was given, and the name of the server.
pub async fn count(
    conn: &mut Connection,
    key: &str,
    text: &str,
) -> RedisResult<(u64, String, String)> {
    counting(key, text).query_async(conn).await
}

/// The same for blocking callers.
pub fn count_blocking(
    conn: &mut blocking::Connection,
    key: &str,
    text: &str,
) -> RedisResult<(u64, String, String)> {
    counting(key, text).query(conn)
}

/// Appends an element.
pub async fn push(conn: &mut Connection, queue: &str, element: u64) -> RedisResult<()> {
    redis::cmd("RPUSH")
        .arg(queue)
        .arg(element)
        .exec_async(conn)
        .await
}

/// Waits so many seconds for an element; gives the queue's name too.
pub async fn pop(
    conn: &mut Connection,
    queue: &str,
    seconds: u64,
) -> RedisResult<Option<(String, u64)>> {
    popping(queue, seconds).query_async(conn).await
}

/// The same for blocking callers.
pub fn pop_blocking(
    conn: &mut blocking::Connection,
    queue: &str,
    seconds: u64,
) -> RedisResult<Option<(String, u64)>> {
    popping(queue, seconds).query(conn)
}

fn counting(key: &str, text: &str) -> redis::Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.cmd("INCR").arg(key);
    pipeline.cmd("ECHO").arg(text);
    pipeline.cmd("GET").arg("name");
    pipeline
}

fn popping(queue: &str, seconds: u64) -> redis::Cmd {
    let mut command = redis::cmd("BLPOP");
    command.arg(queue).arg(seconds);
    command
}
