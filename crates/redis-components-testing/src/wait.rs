//! Waits for conditions, for a bounded time.

use std::io;
use std::time::{Duration, Instant};

/// A multiple of what the slowest condition takes: 11 seconds until sentinels turn a former primary
/// into a replica.
const WITHIN: Duration = Duration::from_secs(30);
/// Often enough to notice at once, and seldom enough to leave the machine to the servers.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer. The error of the last question says why there is none.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> io::Result<T> {
    let deadline = Instant::now() + WITHIN;
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(reason) if Instant::now() > deadline => {
                let message = format!("no {what} within {WITHIN:?}: {reason}");
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}
