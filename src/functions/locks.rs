//! Locks that expire (*Redis in Action*, 6.2 and 11.2.1).
//!
//! A lock is the key `lock:<name>`. Its value is the holder's token, and it expires.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{RedisResult, Script, SetExpiry, SetOptions};
use redis_components::Connection;
use tokio::time::Instant;

use super::token;

/// An acquired lock. It is the proof that refreshing and releasing need.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    key: String,
    token: String,
}

/// Acquires a lock that expires after `lock_timeout`, and tries for `acquire_timeout`. Returns
/// `None` if another holder had the lock for all that time.
///
/// One round trip for each attempt: at least one, then one every 1 to 20 ms; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails. If no answer came, the
/// lock may be acquired; it then expires.
pub async fn acquire_lock_with_timeout(
    conn: &mut Connection,
    name: &str,
    acquire_timeout: Duration,
    lock_timeout: Duration,
) -> RedisResult<Option<Lock>> {
    let lock = Lock {
        key: format!("lock:{name}"),
        token: token::unique(),
    };
    let options = SetOptions::default()
        .conditional_set(redis::ExistenceCheck::NX)
        .with_expiration(SetExpiry::PX(milliseconds(lock_timeout)));
    let mut attempt = redis::cmd("SET");
    attempt.arg(&lock.key).arg(&lock.token).arg(&options);
    let end = Instant::now() + acquire_timeout;
    loop {
        let acquired: Option<String> = attempt.query_async(conn).await?;
        if acquired.is_some() {
            return Ok(Some(lock));
        }
        let pause = Duration::from_millis(fastrand::u64(1..=20));
        if Instant::now() + pause > end {
            return Ok(None);
        }
        tokio::time::sleep(pause).await;
    }
}

/// Makes a lock that is still held expire `lock_timeout` from now. Returns `true` if it was still
/// held.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn refresh_lock(
    conn: &mut Connection,
    lock: &Lock,
    lock_timeout: Duration,
) -> RedisResult<bool> {
    let mut refresh = REFRESH.key(&lock.key);
    refresh.arg(&lock.token).arg(milliseconds(lock_timeout));
    refresh.invoke_async(conn).await
}

/// Releases a lock. Returns `true` if it was still held. If not, another holder may have worked in
/// between.
///
/// One round trip; O(1). It never releases the lock of another holder.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails. If no answer came, the
/// lock expires.
pub async fn release_lock(conn: &mut Connection, lock: &Lock) -> RedisResult<bool> {
    let mut release = RELEASE.key(&lock.key);
    release.arg(&lock.token).invoke_async(conn).await
}

/// Redis refuses an expiry of zero.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

static REFRESH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
",
    )
});

static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
",
    )
});
