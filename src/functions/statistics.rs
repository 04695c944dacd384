//! Counters over time, and statistics by the hour (*Redis in Action*, 5.2).
//!
//! - `count:<precision>:<name>` is a hash from the start of a slice of time to its count.
//! - `known:` is the sorted set of all `<precision>:<name>`, by name.
//! - `stats:<context>:<kind>` is a sorted set of `min`, `max`, `count`, `sum` and `sumsq` for the
//!   current hour. The same key with `:last` is for the hour before. `:start` and `:pstart` hold
//!   the starts of both hours (UTC).
//! - `slowest:AccessTime` is the sorted set of the hundred slowest contexts by average access time.

mod stats;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use redis::{AsyncCommands, RedisResult, Script};
use redis_components::{Connection, blocking};

pub use self::stats::{Stats, Totals};
use super::clock::unix_time;
use super::hourly;

/// The lengths of the slices of time, in seconds: from one second to one day.
pub const PRECISIONS: [i64; 7] = [1, 5, 60, 300, 3600, 18_000, 86_400];

/// How many slices of each counter [`clean_counters`] keeps.
pub const SAMPLE_COUNT: i64 = 100;

/// How many of the slowest contexts are kept.
pub const SLOWEST: isize = 100;

/// How many counters are read at once.
const COUNTERS_AT_ONCE: isize = 100;

/// Adds to a counter, in the current slice of every precision.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn update_counter(conn: &mut Connection, name: &str, count: i64) -> RedisResult<()> {
    update_counter_at(conn, name, count, SystemTime::now()).await
}

/// Adds to a counter, in the slice of every precision that holds `now`.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn update_counter_at(
    conn: &mut Connection,
    name: &str,
    count: i64,
    now: SystemTime,
) -> RedisResult<()> {
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now = now.as_secs().cast_signed();
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    for precision in PRECISIONS {
        let counter = format!("{precision}:{name}");
        let slice = now - now % precision;
        pipeline
            .hincr(format!("count:{counter}"), slice, count)
            .ignore();
        // All scores are 0, so that the known counters are sorted by name.
        pipeline.zadd("known:", counter, 0).ignore();
    }
    pipeline.query_async(conn).await
}

/// Returns a counter's slices of one of the [`PRECISIONS`], by time. Each slice is its start, in
/// seconds since 1970, and its count.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn get_counter(
    conn: &mut Connection,
    name: &str,
    precision: i64,
) -> RedisResult<Vec<(i64, i64)>> {
    let slices: BTreeMap<i64, i64> = conn.hgetall(format!("count:{precision}:{name}")).await?;
    Ok(slices.into_iter().collect())
}

/// Drops slices that are older than the newest [`SAMPLE_COUNT`] of their counter, and counters
/// without slices. Returns how many slices were dropped.
///
/// Call it once a minute, and count the calls in `pass`. A counter with a precision above a minute
/// has its turn once in a slice. Counters may be updated during the call, and several callers may
/// clean at once.
///
/// One round trip for each hundred counters, and one for each counter that has its turn; O(s) for
/// its s slices.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. Slices that were dropped
/// before the error stay dropped.
pub async fn clean_counters(conn: &mut Connection, pass: u64) -> RedisResult<u64> {
    let now = unix_time();
    let mut removed = 0;
    let mut after = "-".to_owned();
    loop {
        // By name, not by rank: ranks change when counters come and go.
        let counters: Vec<String> = conn
            .zrangebylex_limit("known:", after, "+", 0, COUNTERS_AT_ONCE)
            .await?;
        for counter in &counters {
            let precision = counter
                .split_once(':')
                .map(|(precision, _)| precision.parse());
            let Some(Ok(precision @ 1_i64..)) = precision else {
                continue;
            };
            if !pass.is_multiple_of((precision / 60).max(1).unsigned_abs()) {
                continue;
            }
            let mut clean = CLEAN.key(format!("count:{counter}"));
            clean.key("known:").arg(counter);
            clean.arg(now - (SAMPLE_COUNT * precision) as f64);
            removed += clean.invoke_async::<u64>(conn).await?;
        }
        match counters.last() {
            Some(last) => after = format!("({last}"),
            None => return Ok(removed),
        }
    }
}

/// Adds a value to the statistics of the current hour, and returns their new totals.
///
/// One round trip; O(1). The update is atomic, so that nothing is lost when the hour turns.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn update_stats(
    conn: &mut Connection,
    context: &str,
    kind: &str,
    value: f64,
) -> RedisResult<Totals> {
    let mut update = UPDATE.prepare_invoke();
    for key in hourly::keys(&stats_key(context, kind)) {
        update.key(key);
    }
    update.arg(hourly::current_hour()).arg(value);
    let totals: Vec<f64> = update.invoke_async(conn).await?;
    Ok(Totals::from_answer(&totals))
}

/// Returns the statistics of the last hour that had a value; `None` if there never was a value.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn get_stats(
    conn: &mut Connection,
    context: &str,
    kind: &str,
) -> RedisResult<Option<Stats>> {
    let members: BTreeMap<String, f64> = conn
        .zrange_withscores(stats_key(context, kind), 0, -1)
        .await?;
    Ok(Stats::from_members(&members))
}

/// Adds to the statistics of an access time, and to the list of the slowest contexts.
///
/// One round trip; O(log s) for s contexts in the list. [`crate::access_time`] measures the time
/// and calls this function.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn record_access_time(
    conn: &mut Connection,
    context: &str,
    taken: Duration,
) -> RedisResult<Totals> {
    let totals: Vec<f64> = access(context, taken).invoke_async(conn).await?;
    Ok(Totals::from_answer(&totals))
}

/// Does the same as [`record_access_time`] for callers that block.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub fn record_access_time_blocking(
    conn: &mut blocking::Connection,
    context: &str,
    taken: Duration,
) -> RedisResult<Totals> {
    let totals: Vec<f64> = access(context, taken).invoke(conn)?;
    Ok(Totals::from_answer(&totals))
}

/// Returns the slowest contexts with their average access times, the slowest first: at most
/// [`SLOWEST`].
///
/// One round trip; O(s) for s contexts.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn slowest_access_times(conn: &mut Connection) -> RedisResult<Vec<(String, Duration)>> {
    let slowest: Vec<(String, f64)> = conn
        .zrevrange_withscores("slowest:AccessTime", 0, -1)
        .await?;
    let slowest = slowest.into_iter();
    Ok(slowest
        .map(|(context, average)| {
            let average = Duration::try_from_secs_f64(average).unwrap_or_default();
            (context, average)
        })
        .collect())
}

fn stats_key(context: &str, kind: &str) -> String {
    format!("stats:{context}:{kind}")
}

fn access(context: &str, taken: Duration) -> redis::ScriptInvocation<'static> {
    let mut access = RECORD_ACCESS.prepare_invoke();
    for key in hourly::keys(&stats_key(context, "AccessTime")) {
        access.key(key);
    }
    access.key("slowest:AccessTime");
    access.arg(hourly::current_hour()).arg(taken.as_secs_f64());
    access.arg(context).arg(-1 - SLOWEST);
    access
}

static CLEAN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local removed = 0
for _, slice in ipairs(redis.call('HKEYS', KEYS[1])) do
    if tonumber(slice) <= tonumber(ARGV[2]) then
        removed = removed + redis.call('HDEL', KEYS[1], slice)
    end
end
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('ZREM', KEYS[2], ARGV[1])
end
return removed
",
    )
});

/// Lua code after [`hourly::BEGIN_HOUR`]. Numbers pass through as texts, because Lua would cut them
/// to 14 digits.
const ADD_VALUE: &str = r"
local value = ARGV[2]
local min, max = redis.call('ZSCORE', data, 'min'), redis.call('ZSCORE', data, 'max')
if not min or tonumber(value) < tonumber(min) then
    redis.call('ZADD', data, value, 'min')
end
if not max or tonumber(value) > tonumber(max) then
    redis.call('ZADD', data, value, 'max')
end
local totals = {
    redis.call('ZINCRBY', data, 1, 'count'),
    redis.call('ZINCRBY', data, value, 'sum'),
    redis.call('ZINCRBY', data, string.format('%.17g', value * value), 'sumsq'),
}
";

static UPDATE: LazyLock<Script> =
    LazyLock::new(|| Script::new(&format!("{}{ADD_VALUE}return totals", hourly::BEGIN_HOUR)));

static RECORD_ACCESS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{}{ADD_VALUE}
redis.call('ZADD', KEYS[5], string.format('%.17g', totals[2] / totals[1]), ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[5], 0, ARGV[4])
return totals",
        hourly::BEGIN_HOUR
    ))
});
