//! The time in the format of the keys.

use std::time::SystemTime;

/// Returns the seconds since 1970 with fractions, as Python's `time.time()` does.
pub(crate) fn unix_time() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
