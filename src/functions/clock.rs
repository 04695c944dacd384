//! The time as the keys have it.

use std::time::SystemTime;

/// Seconds since 1970, with fractions, as Python's `time.time()`.
pub(crate) fn unix_time() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
