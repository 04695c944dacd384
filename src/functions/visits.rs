//! Visits of pages, for callers that block.

use redis::{Commands, ConnectionLike, RedisResult};

/// Counts a visit of a page, and returns how many there have been.
///
/// # Errors
///
/// What Redis answers.
pub fn record_visit(conn: &mut impl ConnectionLike, page: &str) -> RedisResult<u64> {
    conn.incr(key(page), 1)
}

/// How many visits of a page there have been.
///
/// # Errors
///
/// What Redis answers.
pub fn visits(conn: &mut impl ConnectionLike, page: &str) -> RedisResult<u64> {
    let visits: Option<u64> = conn.get(key(page))?;
    Ok(visits.unwrap_or(0))
}

fn key(page: &str) -> String {
    format!("visits:{page}")
}
