//! Events of one config server.

#[cfg(feature = "metrics")]
use super::names::{CONFIG_SERVER_PUSHING, CONFIG_SERVER_UP, CONFIGS_REFUSED};
use super::report::report;
use crate::error::ErrorKind;

/// The newest value of a key is no usable config.
pub(crate) fn no_config(server: &str, key: &str, kind: ErrorKind, reason: &str) {
    count_refused(key, kind);
    let (server, key, reason) = (server.to_owned(), key.to_owned(), reason.to_owned());
    report(move || tracing::warn!(server, key, reason, "no config"));
}

/// The config server answers, for the first time or in another mode than before.
pub(crate) fn answers(server: &str, pushing: bool) {
    gauge(server, true, pushing);
}

/// The config server answers again.
pub(crate) fn back(server: &str, pushing: bool) {
    gauge(server, true, pushing);
    let server = server.to_owned();
    report(move || tracing::info!(server, pushing, "config server is back"));
}

/// The config server does not answer.
pub(crate) fn lost(server: &str, reason: &str) {
    gauge(server, false, false);
    let (server, reason) = (server.to_owned(), reason.to_owned());
    report(move || tracing::warn!(server, reason, "config server is lost"));
}

/// The thread that watches the config server has panicked. It starts again.
pub(crate) fn watch_panicked(server: &str, reason: &str) {
    gauge(server, false, false);
    let (server, reason) = (server.to_owned(), reason.to_owned());
    report(move || tracing::error!(server, reason, "config watch panicked"));
}

/// The config server does not grant pushes.
pub(crate) fn does_not_push(server: &str, reason: &str) {
    let (server, reason) = (server.to_owned(), reason.to_owned());
    report(move || {
        tracing::warn!(
            server,
            reason,
            "config server does not push; configs are polled"
        );
    });
}

/// The config server keeps pushing configs that have not changed.
pub(crate) fn pushes_needlessly(server: &str, reason: &'static str) {
    let server = server.to_owned();
    report(move || tracing::warn!(server, reason, "config server pushes needlessly"));
}

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
fn count_refused(key: &str, kind: ErrorKind) {
    #[cfg(feature = "metrics")]
    {
        let key = key.to_owned();
        report(move || {
            metrics::counter!(
                CONFIGS_REFUSED.name,
                "key" => key, "kind" => format!("{kind:?}")
            )
            .increment(1);
        });
    }
}

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
fn gauge(server: &str, up: bool, pushing: bool) {
    #[cfg(feature = "metrics")]
    {
        let server = server.to_owned();
        report(move || {
            metrics::gauge!(CONFIG_SERVER_UP.name, "server" => server.clone())
                .set(f64::from(u8::from(up)));
            metrics::gauge!(CONFIG_SERVER_PUSHING.name, "server" => server)
                .set(f64::from(u8::from(pushing)));
        });
    }
}
