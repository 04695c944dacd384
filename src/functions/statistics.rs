//! Counters over time: how often something happened in each second, minute, hour, day.

use std::collections::BTreeMap;
use std::time::SystemTime;

use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;

/// The lengths of the slices of time that are counted in, in seconds: from one second to one day.
pub const PRECISIONS: [i64; 7] = [1, 5, 60, 300, 3600, 18_000, 86_400];

/// Adds to a counter, in the current slice of every precision.
///
/// # Errors
///
/// What Redis answers.
pub async fn update_counter(conn: &mut Connection, name: &str, count: i64) -> RedisResult<()> {
    update_counter_at(conn, name, count, SystemTime::now()).await
}

/// Adds to a counter, in the slices of every precision that hold a given time.
///
/// # Errors
///
/// What Redis answers.
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
        // All scores are 0, so that the counters known are sorted by name.
        pipeline.zadd("known:", counter, 0).ignore();
    }
    pipeline.query_async(conn).await
}

/// A counter's slices of one of the [`PRECISIONS`], by time: when each began, in seconds since 1970, and its count.
///
/// # Errors
///
/// What Redis answers.
pub async fn get_counter(
    conn: &mut Connection,
    name: &str,
    precision: i64,
) -> RedisResult<Vec<(i64, i64)>> {
    let slices: BTreeMap<i64, i64> = conn.hgetall(format!("count:{precision}:{name}")).await?;
    Ok(slices.into_iter().collect())
}
