//! Events of receipts.

use super::report::report;

/// This process may not write receipts, and tries no more.
pub(crate) fn switched_off(server: &str, reason: &'static str) {
    let server = server.to_owned();
    report(move || tracing::warn!(server, reason, "receipts are switched off"));
}

/// Parts of the control key are not understood.
pub(crate) fn not_understood(server: &str, key: &str, reason: &str) {
    let (server, key, reason) = (server.to_owned(), key.to_owned(), reason.to_owned());
    report(move || tracing::warn!(server, key, reason, "control key is not understood"));
}

/// The config server does not take receipts for the moment.
pub(crate) fn cannot_be_written(server: &str, reason: &str) {
    let (server, reason) = (server.to_owned(), reason.to_owned());
    report(move || tracing::warn!(server, reason, "receipts cannot be written"));
}
