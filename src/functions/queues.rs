//! Queues of any length from short lists, which Redis keeps compact (*Redis in Action*, 11.4).
//!
//! The lists are `<queue>:<shard>`, and `<queue>:first` and `<queue>:last` the numbers of the shards at both ends.
//! `<queue>:wake` is a list of at most one token, for those who wait for an item. The names of the shards are made in Lua,
//! so that a queue is for a single server and not for a cluster.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use redis::{AsyncCommands, RedisResult, Script};
use redis_components::Connection;

/// How many items a shard has at most: few enough for one compact piece of memory where items are short.
pub const SHARD_LENGTH: usize = 128;

/// How long is waited for a token at most: whoever took one may have gone without taking an item.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many items are sent at once: Lua cannot take any number.
const ITEMS_AT_ONCE: usize = 1000;

/// Pushes items to the left end, one after the other, and returns how many.
///
/// One round trip for a thousand items; O(1) for each. Items that are sent together stay together.
///
/// # Errors
///
/// What Redis answers; thousands before stay pushed.
pub async fn sharded_lpush(
    conn: &mut Connection,
    queue: &str,
    items: &[&str],
) -> RedisResult<usize> {
    push(conn, queue, "LPUSH", items).await
}

/// Pushes items to the right end, one after the other, and returns how many.
///
/// As [`sharded_lpush`].
///
/// # Errors
///
/// What Redis answers; thousands before stay pushed.
pub async fn sharded_rpush(
    conn: &mut Connection,
    queue: &str,
    items: &[&str],
) -> RedisResult<usize> {
    push(conn, queue, "RPUSH", items).await
}

/// Pops the item at the left end; `None` where the queue is empty.
///
/// One round trip; O(1).
///
/// # Errors
///
/// What Redis answers. Where no answer came, an item may be lost.
pub async fn sharded_lpop(conn: &mut Connection, queue: &str) -> RedisResult<Option<String>> {
    pop(conn, queue, "LPOP").await
}

/// Pops the item at the right end; `None` where the queue is empty.
///
/// One round trip; O(1).
///
/// # Errors
///
/// What Redis answers. Where no answer came, an item may be lost.
pub async fn sharded_rpop(conn: &mut Connection, queue: &str) -> RedisResult<Option<String>> {
    pop(conn, queue, "RPOP").await
}

/// Pops the item at the left end, and waits for one where the queue is empty; `None` after `timeout`.
///
/// Who waits does so for a token that a push leaves, and not for an item: which list the next item will be in is not known
/// before. At least once a second the queue itself is looked at.
///
/// One round trip where there is an item, else two for each second; O(1). The connection has to be the caller's own,
/// as others would wait behind it: the manifest says `connection = "dedicated"`.
///
/// # Errors
///
/// What Redis answers. Where no answer came, an item may be lost.
pub async fn sharded_blpop(
    conn: &mut Connection,
    queue: &str,
    timeout: Duration,
) -> RedisResult<Option<String>> {
    blocking_pop(conn, queue, "LPOP", timeout).await
}

/// Pops the item at the right end, and waits for one where the queue is empty; `None` after `timeout`.
///
/// As [`sharded_blpop`].
///
/// # Errors
///
/// What Redis answers. Where no answer came, an item may be lost.
pub async fn sharded_brpop(
    conn: &mut Connection,
    queue: &str,
    timeout: Duration,
) -> RedisResult<Option<String>> {
    blocking_pop(conn, queue, "RPOP", timeout).await
}

/// How many items a queue has.
///
/// One round trip; O(1), as only the shards at the ends can be other than full.
///
/// # Errors
///
/// What Redis answers.
pub async fn sharded_llen(conn: &mut Connection, queue: &str) -> RedisResult<usize> {
    let mut length = LENGTH.key(queue);
    length.key(&ends(queue)).arg(SHARD_LENGTH);
    length.invoke_async(conn).await
}

async fn push(
    conn: &mut Connection,
    queue: &str,
    command: &str,
    items: &[&str],
) -> RedisResult<usize> {
    for items in items.chunks(ITEMS_AT_ONCE) {
        let mut push = PUSH.key(queue);
        push.key(&ends(queue))
            .key(wake(queue))
            .arg(SHARD_LENGTH)
            .arg(command)
            .arg(items);
        let () = push.invoke_async(conn).await?;
    }
    Ok(items.len())
}

async fn pop(conn: &mut Connection, queue: &str, command: &str) -> RedisResult<Option<String>> {
    let mut pop = POP.key(queue);
    pop.key(&ends(queue)).key(wake(queue)).arg(command);
    pop.invoke_async(conn).await
}

async fn blocking_pop(
    conn: &mut Connection,
    queue: &str,
    command: &str,
    timeout: Duration,
) -> RedisResult<Option<String>> {
    let end = Instant::now() + timeout;
    loop {
        let item = pop(conn, queue, command).await?;
        let left = end.saturating_duration_since(Instant::now());
        // Redis takes no time at all for all the time there is.
        if item.is_some() || left < Duration::from_millis(1) {
            return Ok(item);
        }
        let pause = left.min(LOOK_EVERY).as_secs_f64();
        let _token: Option<(String, String)> = conn.blpop(wake(queue), pause).await?;
    }
}

fn wake(queue: &str) -> String {
    format!("{queue}:wake")
}

fn ends(queue: &str) -> [String; 2] {
    [format!("{queue}:first"), format!("{queue}:last")]
}

static PUSH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local max, command = tonumber(ARGV[1]), ARGV[2]
local this, step = KEYS[3], 1
if command == 'LPUSH' then
    this, step = KEYS[2], -1
end
local shard = tonumber(redis.call('GET', this) or 0)
local room = max - redis.call('LLEN', KEYS[1] .. ':' .. shard)
for i = 3, #ARGV do
    if room == 0 then
        shard = redis.call('INCRBY', this, step)
        room = max
    end
    redis.call(command, KEYS[1] .. ':' .. shard, ARGV[i])
    room = room - 1
end
if redis.call('EXISTS', KEYS[4]) == 0 then
    redis.call('RPUSH', KEYS[4], 1)
end
",
    )
});

/// An end moves inwards when its shard has become empty, until it meets the other.
static POP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local command = ARGV[1]
local this, other, step = KEYS[3], KEYS[2], -1
if command == 'LPOP' then
    this, other, step = KEYS[2], KEYS[3], 1
end
local shard = redis.call('GET', this) or '0'
local list = KEYS[1] .. ':' .. shard
local item = redis.call(command, list)
if redis.call('EXISTS', list) == 0 and shard ~= (redis.call('GET', other) or '0') then
    shard = redis.call('INCRBY', this, step)
    list = KEYS[1] .. ':' .. shard
    item = item or redis.call(command, list)
end
-- The next who waits, as a push of many items leaves one token.
if redis.call('EXISTS', list) == 1 then
    if redis.call('EXISTS', KEYS[4]) == 0 then
        redis.call('RPUSH', KEYS[4], 1)
    end
else
    redis.call('DEL', KEYS[4])
end
return item
",
    )
});

static LENGTH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local first = tonumber(redis.call('GET', KEYS[2]) or 0)
local last = tonumber(redis.call('GET', KEYS[3]) or 0)
local length = redis.call('LLEN', KEYS[1] .. ':' .. first)
if first == last then
    return length
end
return length + (last - first - 1) * ARGV[1] + redis.call('LLEN', KEYS[1] .. ':' .. last)
",
    )
});
