//! The functions that callers call, as an application would write them.

use std::time::Duration;

use futures_util::StreamExt;
use redis::RedisResult;
use redis::aio::PubSub;
use redis_components::{Connection, Subscriber, SubscriberEvent, blocking};
use tokio::sync::{mpsc, oneshot};

/// Counts up. Returns the count, the text that was given and the name of the server.
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

/// Waits at most `seconds` for an element. Returns it with the name of its queue.
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

/// Subscribes to a channel, says so, and waits at most `patience` for a message.
pub async fn hear(
    conn: &mut PubSub,
    channel: &str,
    subscribed: oneshot::Sender<()>,
    patience: Duration,
) -> RedisResult<Option<String>> {
    conn.subscribe(channel).await?;
    // An error means that the caller has given up.
    let _ = subscribed.send(());
    let mut messages = conn.on_message();
    match tokio::time::timeout(patience, messages.next()).await {
        Ok(Some(message)) => Ok(Some(message.get_payload()?)),
        Ok(None) => Err((redis::ErrorKind::Io, "the connection has ended").into()),
        Err(_) => Ok(None),
    }
}

/// Subscribes to a channel, says so, and passes on what it hears until nobody wants it any more.
pub async fn follow(
    conn: &mut Subscriber,
    channel: &str,
    subscribed: oneshot::Sender<()>,
    events: mpsc::UnboundedSender<SubscriberEvent>,
) -> Result<(), redis_components::Error> {
    conn.subscribe(channel).await?;
    // An error means that the caller has given up.
    let _ = subscribed.send(());
    loop {
        tokio::select! {
            () = events.closed() => return Ok(()),
            event = conn.next() => match event {
                Some(event) => drop(events.send(event?)),
                None => return Ok(()),
            },
        }
    }
}

/// Publishes a message. Returns the number of subscribers that it reached.
pub async fn publish(conn: &mut Connection, channel: &str, message: &str) -> RedisResult<u64> {
    redis::cmd("PUBLISH")
        .arg(channel)
        .arg(message)
        .query_async(conn)
        .await
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
