//! Page visits, for callers that block.

use redis::{Commands, ConnectionLike, RedisResult};

/// Counts a visit of a page, and returns how many visits the page has had.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub fn record_visit(conn: &mut impl ConnectionLike, page: &str) -> RedisResult<u64> {
    conn.incr(key(page), 1)
}

/// Returns how many visits a page has had.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub fn visits(conn: &mut impl ConnectionLike, page: &str) -> RedisResult<u64> {
    let visits: Option<u64> = conn.get(key(page))?;
    Ok(visits.unwrap_or(0))
}

fn key(page: &str) -> String {
    format!("visits:{page}")
}
