//! Autocompletion of the names in a guild (*Redis in Action*, 6.1.2 and 11.3.1).
//!
//! `members:<guild>` is a sorted set in which all scores are 0, so that it is sorted by name.

use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;

/// How many names are offered at most.
pub const OFFERED: isize = 10;

/// Adds a member to a guild.
///
/// One round trip; O(log m) for m members.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn join_guild(conn: &mut Connection, guild: &str, user: &str) -> RedisResult<()> {
    conn.zadd(key(guild), user, 0).await
}

/// Removes a member from a guild.
///
/// One round trip; O(log m) for m members.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn leave_guild(conn: &mut Connection, guild: &str, user: &str) -> RedisResult<()> {
    conn.zrem(key(guild), user).await
}

/// Returns the first ten names of a guild that begin with `prefix`, in the order of their bytes.
///
/// One round trip; O(log m) for m members.
///
/// The book puts two end marks into the set, under WATCH or in Lua, because Redis could not range
/// over names then. That works only for the letters `a` to `z`. This works for every text.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn autocomplete_on_prefix(
    conn: &mut Connection,
    guild: &str,
    prefix: &str,
) -> RedisResult<Vec<String>> {
    let first = format!("[{prefix}");
    // No UTF-8 text contains this byte.
    let behind: Vec<u8> = [b"(", prefix.as_bytes(), b"\xff"].concat();
    conn.zrangebylex_limit(key(guild), first, behind, 0, OFFERED)
        .await
}

fn key(guild: &str) -> String {
    format!("members:{guild}")
}
