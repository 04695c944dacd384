//! Locks that end by themselves (*Redis in Action*, 6.2 and 11.2.1).
//!
//! A lock is the key `lock:<name>` with its holder's token, and expires.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{RedisResult, Script, SetExpiry, SetOptions};
use redis_components::Connection;
use tokio::time::Instant;

use super::token;

/// A lock that was acquired: the proof that is needed to refresh and to release it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    key: String,
    token: String,
}

/// Acquires a lock that ends after `lock_timeout`, trying for `acquire_timeout`; `None` where somebody else had it for
/// all that time.
///
/// One round trip for each attempt, at least one, every 1 to 20 ms; O(1).
///
/// # Errors
///
/// What Redis answers. Where no answer came, the lock may have been acquired, and ends by itself.
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

/// Lets a lock that is still held end after `lock_timeout` from now, and tells whether it was still held.
///
/// One round trip; O(1).
///
/// # Errors
///
/// What Redis answers.
pub async fn refresh_lock(
    conn: &mut Connection,
    lock: &Lock,
    lock_timeout: Duration,
) -> RedisResult<bool> {
    let mut refresh = REFRESH.key(&lock.key);
    refresh.arg(&lock.token).arg(milliseconds(lock_timeout));
    refresh.invoke_async(conn).await
}

/// Releases a lock, and tells whether it was still held: where it was not, somebody else may have worked meanwhile.
///
/// One round trip; O(1). Never releases the lock of another holder.
///
/// # Errors
///
/// What Redis answers. Where no answer came, the lock ends by itself.
pub async fn release_lock(conn: &mut Connection, lock: &Lock) -> RedisResult<bool> {
    let mut release = RELEASE.key(&lock.key);
    release.arg(&lock.token).invoke_async(conn).await
}

/// Redis refuses an expiry of no time.
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
