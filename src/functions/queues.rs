//! Queues of any length, built from short lists that Redis keeps compact (*Redis in Action*, 11.4).
//!
//! The lists are `<queue>:<shard>`. `<queue>:first` and `<queue>:last` are the numbers of the
//! shards at both ends. `<queue>:wake` is a list of at most one token, for callers that wait for an
//! item.
//!
//! Lua builds the names of the shards, so that a queue needs a single server and not a cluster.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use redis::{AsyncCommands, RedisResult, Script};
use redis_components::{Connection, Error, Subscriber};

/// The most items in a shard: few enough for one compact piece of memory if the items are short.
pub const SHARD_LENGTH: usize = 128;

/// The longest wait for a token: another caller may have taken it and left without an item.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many items go into one script call: Lua cannot take arbitrarily many.
const ITEMS_AT_ONCE: usize = 1000;

/// Publishes a message to all who listen to a queue, and returns how many were sent it.
///
/// One round trip.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn announce(conn: &mut Connection, queue: &str, message: &str) -> RedisResult<u64> {
    conn.publish(channel(queue), message).await
}

/// Listens to a queue. The subscriber follows the component.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn announcements(mut subscriber: Subscriber, queue: &str) -> Result<Subscriber, Error> {
    subscriber.subscribe(channel(queue)).await?;
    Ok(subscriber)
}

fn channel(queue: &str) -> String {
    format!("{queue}:news")
}

/// Pushes items to the left end one after the other, and returns how many.
///
/// One round trip for each thousand items; O(1) for each item. Items that are sent together stay
/// together.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. Thousands that were sent
/// before stay pushed.
pub async fn sharded_lpush(
    conn: &mut Connection,
    queue: &str,
    items: &[&str],
) -> RedisResult<usize> {
    push(conn, queue, "LPUSH", items).await
}

/// Pushes items to the right end one after the other, and returns how many.
///
/// Works as [`sharded_lpush`].
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. Thousands that were sent
/// before stay pushed.
pub async fn sharded_rpush(
    conn: &mut Connection,
    queue: &str,
    items: &[&str],
) -> RedisResult<usize> {
    push(conn, queue, "RPUSH", items).await
}

/// Pops the item at the left end; returns `None` if the queue is empty.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. If no answer came, an item
/// may be lost.
pub async fn sharded_lpop(conn: &mut Connection, queue: &str) -> RedisResult<Option<String>> {
    pop(conn, queue, "LPOP").await
}

/// Pops the item at the right end; returns `None` if the queue is empty.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. If no answer came, an item
/// may be lost.
pub async fn sharded_rpop(conn: &mut Connection, queue: &str) -> RedisResult<Option<String>> {
    pop(conn, queue, "RPOP").await
}

/// Pops the item at the left end, and waits for one if the queue is empty. Returns `None` after
/// `timeout`.
///
/// The call waits for a token that a push leaves, not for an item: it cannot know the list of the
/// next item. It looks at the queue itself at least once a second.
///
/// One round trip if there is an item, otherwise two for each second; O(1). Other calls on the
/// connection would wait too, so that each call needs its own: the manifest says
/// `connection = "dedicated"`.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. If no answer came, an item
/// may be lost.
pub async fn sharded_blpop(
    conn: &mut Connection,
    queue: &str,
    timeout: Duration,
) -> RedisResult<Option<String>> {
    blocking_pop(conn, queue, "LPOP", timeout).await
}

/// Pops the item at the right end, and waits for one if the queue is empty. Returns `None` after
/// `timeout`.
///
/// Works as [`sharded_blpop`].
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. If no answer came, an item
/// may be lost.
pub async fn sharded_brpop(
    conn: &mut Connection,
    queue: &str,
    timeout: Duration,
) -> RedisResult<Option<String>> {
    blocking_pop(conn, queue, "RPOP", timeout).await
}

/// Returns how many items a queue has.
///
/// One round trip; O(1), because all shards but the two at the ends are full.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
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
        // To Redis, a timeout of zero means no timeout.
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

/// An end moves inwards when its shard is empty, until it meets the other end.
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
-- Wakes the next caller: a push of many items leaves only one token.
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
