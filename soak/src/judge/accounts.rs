//! The callers' counts, compared with the servers' counts.

use crate::admin::ask;
use crate::lock::lock;
use crate::places::{SERVERS, name};
use crate::soak::Soak;

/// Compares all counters and queues with the servers, and starts again from what the servers hold.
///
/// # Errors
///
/// Returns what was lost or executed twice.
pub(super) fn settle(soak: &Soak) -> Result<(), String> {
    settle_counters(soak)?;
    settle_queues(soak)
}

fn settle_counters(soak: &Soak) -> Result<(), String> {
    let ledgers = soak.ledgers();
    for (key, ledger) in &ledgers {
        let mut counts = [0; SERVERS];
        for (server, count) in counts.iter_mut().enumerate() {
            let read = soak.world.with_holder(server, key, |holder| {
                ask::<Option<u64>>(&holder.client(), &["GET", key])
            });
            *count = read
                .map_err(|error| unexpected(server, &error))?
                .unwrap_or(0);
        }
        let settled = lock(ledger).settle(counts);
        settled.map_err(|error| format!("`{key}`: {error}"))?;
    }
    Ok(())
}

fn settle_queues(soak: &Soak) -> Result<(), String> {
    for (key, elements) in soak.queues() {
        let mut left = Vec::new();
        for server in 0..SERVERS {
            let taken = soak.world.with_holder(server, &key, |holder| {
                let some: Vec<u64> = ask(&holder.client(), &["LRANGE", &key, "0", "-1"])?;
                ask::<u64>(&holder.client(), &["DEL", &key])?;
                Ok::<_, redis::RedisError>(some)
            });
            left.extend(taken.map_err(|error| unexpected(server, &error))?);
        }
        let settled = lock(&elements).settle(&left);
        settled.map_err(|error| format!("`{key}`: {error}"))?;
    }
    Ok(())
}

/// Returns the violation of a server that does not answer at rest.
pub(super) fn unexpected(server: usize, error: &redis::RedisError) -> String {
    format!(
        "{} does not answer, although it has no fault: {error}",
        name(server)
    )
}
