//! Fair counting semaphores (*Redis in Action*, 6.3 and 11.2.2): a limited number of holders at a
//! time.
//!
//! `<name>` is the sorted set of holders by the time of their last refresh. `<name>:owner` has the
//! same holders in the order in which they came, and `<name>:counter` numbers them. The time is the
//! server's, so that a caller's clock gives no advantage. Every operation is atomic, so that no
//! place is given twice.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{RedisResult, Script};
use redis_components::Connection;

use super::token;

/// An acquired place. It is the proof that refreshing and releasing need.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Permit {
    name: String,
    holder: String,
}

/// Acquires one of `limit` places; returns `None` if all are taken. Before that, holders that have
/// not refreshed for `timeout` lose their places.
///
/// One round trip; O(h log h) for h holders. All callers should use the same limit and timeout.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails. If no answer came, a
/// place may be taken until the timeout.
pub async fn acquire_semaphore(
    conn: &mut Connection,
    name: &str,
    limit: usize,
    timeout: Duration,
) -> RedisResult<Option<Permit>> {
    let permit = Permit {
        name: name.to_owned(),
        holder: token::unique(),
    };
    let mut acquire = ACQUIRE.key(name);
    acquire
        .key(format!("{name}:owner"))
        .key(format!("{name}:counter"));
    acquire
        .arg(&permit.holder)
        .arg(limit)
        .arg(timeout.as_secs_f64());
    let acquired: bool = acquire.invoke_async(conn).await?;
    Ok(acquired.then_some(permit))
}

/// Refreshes a place. Returns `true` if the holder still had it.
///
/// One round trip; O(log h) for h holders.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn refresh_semaphore(conn: &mut Connection, permit: &Permit) -> RedisResult<bool> {
    let mut refresh = REFRESH.key(&permit.name);
    refresh.arg(&permit.holder).invoke_async(conn).await
}

/// Releases a place. Returns `true` if the holder still had it.
///
/// One round trip; O(log h) for h holders.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails. If no answer came, the
/// place is free after the timeout.
pub async fn release_semaphore(conn: &mut Connection, permit: &Permit) -> RedisResult<bool> {
    let mut pipeline = redis::pipe();
    pipeline.atomic().zrem(&permit.name, &permit.holder);
    pipeline
        .zrem(format!("{}:owner", permit.name), &permit.holder)
        .ignore();
    let (held,): (bool,) = pipeline.query_async(conn).await?;
    Ok(held)
}

static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local holders, owners, counter = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZREMRANGEBYSCORE', holders, '-inf', string.format('%.6f', now - ARGV[3]))
redis.call('ZINTERSTORE', owners, 2, owners, holders, 'WEIGHTS', 1, 0)
if redis.call('ZCARD', owners) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('ZADD', owners, redis.call('INCR', counter), ARGV[1])
redis.call('ZADD', holders, string.format('%.6f', now), ARGV[1])
return 1
",
    )
});

static REFRESH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    return 0
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.6f', time[1] + time[2] / 1000000), ARGV[1])
return 1
",
    )
});
