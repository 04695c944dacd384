//! Events of the file with the last good configs.

use std::time::SystemTime;

#[cfg(feature = "metrics")]
use super::names::{LAST_GOOD_FAILURES, LAST_GOOD_IN_USE};
use super::report::report;

/// What the file is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Save,
}

/// The config server does not answer, and a key without a config gets the config in the file.
pub(crate) fn stands_in(server: &str, key: &str, file: &str, saved: SystemTime) {
    gauge(key, true);
    let age = saved.elapsed().unwrap_or_default().as_secs();
    let (server, key, file) = (server.to_owned(), key.to_owned(), file.to_owned());
    report(move || {
        tracing::warn!(
            server,
            key,
            file,
            age_seconds = age,
            "last good config stands in"
        );
    });
}

/// The config server has answered with a config, which replaces the one in the file.
pub(crate) fn stands_in_no_longer(key: &str) {
    gauge(key, false);
}

/// The file is refused, or it cannot be read or written.
pub(crate) fn cannot_be_used(file: &str, attempt: Use, reason: &str, is_news: bool) {
    count_failure(attempt);
    if is_news {
        let (file, reason) = (file.to_owned(), reason.to_owned());
        report(move || tracing::warn!(file, reason, "last-good file cannot be used"));
    }
}

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
fn gauge(key: &str, stands_in: bool) {
    #[cfg(feature = "metrics")]
    {
        let key = key.to_owned();
        report(move || {
            metrics::gauge!(LAST_GOOD_IN_USE.name, "key" => key)
                .set(f64::from(u8::from(stands_in)));
        });
    }
}

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
fn count_failure(attempt: Use) {
    #[cfg(feature = "metrics")]
    {
        let operation = match attempt {
            Use::Read => "read",
            Use::Save => "save",
        };
        report(move || {
            metrics::counter!(
                LAST_GOOD_FAILURES.name, "operation" => operation
            )
            .increment(1);
        });
    }
}
