//! How long things take, measured around them (*Redis in Action*, 5.2.2 and the exercise of 5.4.3).
//!
//! In Python this is a context manager behind the connection decorator; here it is a scope that needs no connection:
//!
//! ```no_run
//! # async fn find_user(id: u64) -> String { id.to_string() }
//! # async fn handle() -> String {
//! app::access_time::access_time("GET /user", find_user(235)).await
//! # }
//! ```
//!
//! The statistics are those of `statistics::get_stats(context, "AccessTime")` and `statistics::slowest_access_times()`. Where they
//! cannot be written, that is a warning in the log, and the work's own outcome is untouched.

use std::future::Future;
use std::time::{Duration, Instant};

use redis::RedisResult;

use crate::functions::statistics::Totals;
use crate::statistics;

/// Awaits `work`, and records how long it took. Work that is dropped before its end is not recorded.
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

/// Does `work`, and records how long it took. Work that panics is not recorded.
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
