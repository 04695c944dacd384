//! Times as RFC 3339, in UTC.

use std::time::SystemTime;

/// Returns the time of this machine, to the millisecond.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
