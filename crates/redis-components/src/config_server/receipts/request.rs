//! The commands of a receipt.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use super::timing::Timing;
use super::written::Request;
use crate::receipts::{FLEET_KEY, Process};
use crate::transport::failure::Failure;

/// The place of a receipt on a config server.
pub(super) struct Receipt {
    key: String,
    member: String,
}

/// Why a receipt could not be written.
pub(super) enum Refusal {
    /// The server did not answer.
    Unanswered(Failure),
    /// The server answered with an error.
    Answered(RedisError),
}

impl Receipt {
    pub(super) fn of(process: &Process) -> Self {
        Self {
            key: process.key(),
            member: process.member(),
        }
    }

    /// Sends a request in one round trip. Returns how many fields HSET has made, or how many keys
    /// EXPIRE has found.
    pub(super) async fn write(
        &self,
        connection: &mut MultiplexedConnection,
        request: &Request,
        timing: Timing,
        bound: Duration,
    ) -> Result<usize, Refusal> {
        let ttl = i64::try_from(timing.ttl).unwrap_or(i64::MAX);
        let mut pipeline = redis::pipe();
        let score = match request {
            Request::Set(fields) => {
                // redis-rs's `hset_multiple` sends HMSET, which does not count.
                pipeline.cmd("HSET").arg(&self.key).arg(&fields[..]);
                pipeline.expire(&self.key, ttl).ignore();
                true
            }
            Request::Renew { score } => {
                pipeline.expire(&self.key, ttl);
                *score
            }
        };
        if score {
            pipeline.zadd(FLEET_KEY, &self.member, unix_seconds());
        }
        let counts = send(connection, pipeline, bound).await?;
        Ok(counts.first().copied().unwrap_or_default())
    }

    /// Removes the receipt and its member.
    pub(super) async fn remove(
        &self,
        connection: &mut MultiplexedConnection,
        bound: Duration,
    ) -> Result<(), Refusal> {
        let mut pipeline = redis::pipe();
        pipeline.del(&self.key).zrem(FLEET_KEY, &self.member);
        send(connection, pipeline, bound).await.map(drop)
    }
}

async fn send(
    connection: &mut MultiplexedConnection,
    mut pipeline: redis::Pipeline,
    bound: Duration,
) -> Result<Vec<usize>, Refusal> {
    pipeline.ignore_errors();
    let answers = timeout(bound, pipeline.query_async(connection)).await;
    let unanswered = |failure| Refusal::Unanswered(failure);
    let answers: Vec<Result<usize, RedisError>> = answers
        .map_err(|_| unanswered(Failure::timed_out(bound)))?
        .map_err(|error: RedisError| unanswered(error.into()))?;
    let counts: Result<Vec<usize>, RedisError> = answers.into_iter().collect();
    counts.map_err(Refusal::Answered)
}

fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
