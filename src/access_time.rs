//! Measures how long work takes (*Redis in Action*, 5.2.2 and the exercise of 5.4.3).
//!
//! In Python this is a context manager behind the connection decorator. Here it is a scope that
//! needs no connection:
//!
//! ```no_run
//! # async fn find_user(id: u64) -> String { id.to_string() }
//! # async fn handle() -> String {
//! app::access_time::access_time("GET /user", find_user(235)).await
//! # }
//! ```
//!
//! `statistics::get_stats(context, "AccessTime")` and `statistics::slowest_access_times()` return
//! the statistics. If they cannot be written, the log gets a warning, and the outcome of the work
//! stays the same.

use std::future::Future;
use std::time::{Duration, Instant};

use redis::RedisResult;

use crate::functions::statistics::Totals;
use crate::statistics;

/// Awaits `work`, records how long it took, and returns its outcome. Work that is dropped before
/// its end is not recorded.
pub async fn access_time<T>(context: &str, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let outcome = work.await;
    let taken = start.elapsed();
    report(
        context,
        taken,
        statistics::record_access_time(context, taken).await,
    );
    outcome
}

/// Runs `work`, records how long it took, and returns its outcome. Work that panics is not
/// recorded.
pub fn access_time_blocking<T>(context: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let outcome = work();
    let taken = start.elapsed();
    report(
        context,
        taken,
        statistics::record_access_time_blocking(context, taken),
    );
    outcome
}

fn report(context: &str, taken: Duration, recorded: RedisResult<Totals>) {
    if let Err(error) = recorded {
        tracing::warn!(context, ?taken, %error, "an access time is not recorded");
    }
}
