//! Queues of any length from short lists, which Redis keeps compact (*Redis in Action*, 11.4).
//!
//! The lists are `<queue>:<shard>`, and `<queue>:first` and `<queue>:last` the numbers of the shards at both ends. The names of
//! the shards are made in Lua, so that a queue is for a single server and not for a cluster.

use std::sync::LazyLock;

use redis::{RedisResult, Script};
use redis_components::Connection;

/// How many items a shard has at most: few enough for one compact piece of memory where items are short.
pub const SHARD_LENGTH: usize = 128;

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
            .arg(SHARD_LENGTH)
            .arg(command)
            .arg(items);
        let () = push.invoke_async(conn).await?;
    }
    Ok(items.len())
}

async fn pop(conn: &mut Connection, queue: &str, command: &str) -> RedisResult<Option<String>> {
    let mut pop = POP.key(queue);
    pop.key(&ends(queue)).arg(command).invoke_async(conn).await
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
    item = item or redis.call(command, KEYS[1] .. ':' .. shard)
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
