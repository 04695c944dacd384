//! Tells how far a write has come: to a replica, and to the replica's disk (*Redis in Action*,
//! 4.2.3 and 4.2.4).
//!
//! `sync:wait` is a sorted set of marks by the time of their writing. Marks older than a quarter of
//! an hour are removed.

use std::time::Duration;

use redis::{AsyncCommands, InfoDict, RedisResult};
use redis_components::Connection;
use tokio::time::{Instant, sleep, timeout_at};

use super::clock::unix_time;
use super::token;

/// How far a write has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// The write has not reached the replica.
    NotReplicated,
    /// The replica has it in memory. It has no append-only file, or has not written it in time.
    Replicated,
    /// The replica has it in its append-only file, and has nothing left to bring to the disk. With
    /// `appendfsync always` the disk has it. With `everysec` the disk has it within a second. With
    /// `no` the operating system decides.
    OnDisk,
}

/// How many seconds a mark is kept if no caller removes it.
const MARK_SECONDS: f64 = 900.0;

/// Waits until everything written to `primary` so far has reached `replica` and its disk, but at
/// most for `timeout`. Returns how far it has come.
///
/// The call writes a mark to the primary, and looks for it on the replica every 1 to 20 ms; O(log
/// m) for m marks.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or a connection fails.
pub async fn wait_for_sync(
    primary: &mut Connection,
    replica: &mut Connection,
    timeout: Duration,
) -> RedisResult<Durability> {
    let mark = token::unique();
    let () = primary.zadd("sync:wait", &mark, unix_time()).await?;
    let mut reached = Durability::NotReplicated;
    let deadline = Instant::now() + timeout;
    let watched = timeout_at(deadline, watch(replica, &mark, &mut reached)).await;

    let mut pipeline = redis::pipe();
    pipeline.zrem("sync:wait", &mark).ignore();
    let outdated = unix_time() - MARK_SECONDS;
    pipeline.zrembyscore("sync:wait", 0, outdated).ignore();
    let removed = pipeline.exec_async(primary).await;
    // A timeout is not an error: `reached` says how far the write has come.
    watched.unwrap_or(Ok(()))?;
    removed.map(|()| reached)
}

async fn watch(replica: &mut Connection, mark: &str, reached: &mut Durability) -> RedisResult<()> {
    let mut pause = Pause::default();
    while !has(replica, mark).await? {
        pause.take().await;
    }
    *reached = Durability::Replicated;
    let mut pause = Pause::default();
    loop {
        let info = info(replica, "persistence").await?;
        if info.get::<u64>("aof_enabled") != Some(1) {
            return Ok(());
        }
        if info.get::<u64>("aof_pending_bio_fsync") == Some(0) {
            *reached = Durability::OnDisk;
            return Ok(());
        }
        pause.take().await;
    }
}

/// Returns `true` if the replica is in step and has the mark. If the replica is not in step, the
/// mark could be in data that the replica is about to throw away.
async fn has(replica: &mut Connection, mark: &str) -> RedisResult<bool> {
    let info = info(replica, "replication").await?;
    if info.get::<String>("master_link_status").as_deref() != Some("up") {
        return Ok(false);
    }
    let score: Option<f64> = replica.zscore("sync:wait", mark).await?;
    Ok(score.is_some())
}

async fn info(conn: &mut Connection, section: &str) -> RedisResult<InfoDict> {
    redis::cmd("INFO").arg(section).query_async(conn).await
}

/// Pauses between looks: each is twice the last, from 1 to 20 ms.
#[derive(Default)]
struct Pause(Duration);

impl Pause {
    async fn take(&mut self) {
        self.0 = (self.0 * 2).clamp(Duration::from_millis(1), Duration::from_millis(20));
        sleep(self.0).await;
    }
}
