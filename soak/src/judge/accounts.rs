//! The callers' counts, compared with the servers' counts.

use redis::RedisResult;

use crate::admin::{ask, connect, request};
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
    let mut read = redis::cmd("MGET");
    for (key, _) in &ledgers {
        read.arg(key);
    }
    let mut counts = vec![[0; SERVERS]; ledgers.len()];
    for server in 0..SERVERS {
        let read: RedisResult<Vec<Option<u64>>> = connect(&soak.world.server(server).client())
            .and_then(|mut there| read.query(&mut there));
        let read = read.map_err(|error| unexpected(server, &error))?;
        for (counts, count) in counts.iter_mut().zip(read) {
            counts[server] = count.unwrap_or(0);
        }
    }
    for ((key, ledger), counts) in ledgers.iter().zip(counts) {
        let settled = lock(ledger).settle(counts);
        settled.map_err(|error| format!("`{key}`: {error}"))?;
    }
    Ok(())
}

fn settle_queues(soak: &Soak) -> Result<(), String> {
    for (key, elements) in soak.queues() {
        let mut left = Vec::new();
        for server in 0..SERVERS {
            let client = soak.world.server(server).client();
            let some = ask::<Vec<u64>>(&client, &["LRANGE", &key, "0", "-1"]);
            left.extend(some.map_err(|error| unexpected(server, &error))?);
            let deleted =
                connect(&client).and_then(|mut there| request(&["DEL", &key]).exec(&mut there));
            deleted.map_err(|error| unexpected(server, &error))?;
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
