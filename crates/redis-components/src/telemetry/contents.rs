//! Events of what configs refer to: the environment and files.

use super::report::report;

/// What a config in force refers to cannot be read any more. What was read last stays in use.
pub(crate) fn unreadable(reason: &str) {
    let reason = reason.to_owned();
    report(move || tracing::warn!(reason, "what a config refers to cannot be read"));
}

/// It can be read again.
pub(crate) fn readable_again() {
    report(|| tracing::info!("what a config refers to can be read again"));
}
