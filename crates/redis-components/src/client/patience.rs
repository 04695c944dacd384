//! Waiting for a server to become the primary that its sentinels say it is.

use std::thread;
use std::time::{Duration, Instant};

use crate::transport::failure::{Cause, Failure};

/// The pause before a server that is a replica is connected to again.
const PAUSE: Duration = Duration::from_millis(100);

/// Opens a client, and tries again within `bound` while the server is a replica.
pub(super) async fn until_primary<T, F: Future<Output = Result<T, Failure>>>(
    bound: Duration,
    mut open: impl FnMut() -> F,
) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match open().await {
            Err(failure) if is_worth_another(&failure, begun, bound) => {
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}

/// Does the same on a thread.
pub(super) fn until_primary_blocking<T>(
    bound: Duration,
    mut open: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(failure) if is_worth_another(&failure, begun, bound) => thread::sleep(PAUSE),
            result => return result,
        }
    }
}

fn is_worth_another(failure: &Failure, begun: Instant, bound: Duration) -> bool {
    // Twice the pause, so that the next answer comes before the bound is over.
    failure.cause == Cause::Replica && begun.elapsed() + 2 * PAUSE < bound
}
