//! Events of one component.

#[cfg(feature = "metrics")]
use super::names::{RESENT, SERVER_FAILURES, SWAPS};
use super::report::report;
use crate::error::ErrorKind;

/// The component and key that an event is about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) component: String,
    pub(crate) key: String,
}

/// An event about the server of a config. A slot makes it under its lock and emits it when the lock
/// is released, because a subscriber may itself call the component.
#[derive(Debug)]
#[must_use = "an event is seen once it is emitted"]
pub(crate) struct ServerEvent {
    /// Whether the server is that of a candidate.
    pub(crate) is_of_candidate: bool,
    pub(crate) subject: Subject,
    pub(crate) server: String,
    pub(crate) what: What,
}

/// Why another config is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The config has changed.
    Config,
    /// The config is the same, and its sentinels name another primary.
    FailOver,
    /// The config is the same, and what it refers to has changed.
    Rotation,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::FailOver => "fail-over",
            Self::Rotation => "rotation",
        }
    }
}

/// The kind of an event.
#[derive(Debug)]
pub(crate) enum What {
    /// A new config is in force.
    InForce {
        generation: u64,
        previous: Option<String>,
        reason: Reason,
    },
    /// The server of the config in force can be used again.
    Back { generation: u64 },
    /// The server cannot be used.
    Unusable {
        kind: ErrorKind,
        reason: String,
        /// Whether this is the first failure in a row.
        is_first: bool,
    },
}

impl ServerEvent {
    pub(crate) fn emit(self) {
        let Self {
            is_of_candidate,
            subject: Subject { component, key },
            server,
            what,
        } = self;
        match what {
            What::InForce { .. } | What::Back { .. } if is_of_candidate => report(move || {
                tracing::info!(component, key, server, "candidate can be used");
            }),
            What::Unusable {
                reason, is_first, ..
            } if is_of_candidate => {
                if is_first {
                    report(move || {
                        tracing::warn!(component, key, server, reason, "candidate cannot be used");
                    });
                }
            }
            What::InForce {
                generation,
                previous,
                reason,
            } => {
                let reason = reason.name();
                count_swap(&component, reason);
                report(move || {
                    tracing::info!(
                        component,
                        key,
                        generation,
                        server,
                        previous,
                        reason,
                        "config in force"
                    );
                });
            }
            What::Back { generation } => report(move || {
                tracing::info!(component, key, generation, server, "server is back");
            }),
            What::Unusable {
                kind,
                reason,
                is_first,
            } => {
                count_failure(&component, kind);
                if is_first {
                    report(move || {
                        tracing::warn!(component, key, server, reason, "server cannot be used");
                    });
                }
            }
        }
    }
}

/// The newest config switches the component off.
pub(crate) fn switched_off(subject: &Subject) {
    let Subject { component, key } = subject.clone();
    report(move || tracing::info!(component, key, "component is switched off"));
}

/// A subscriber has lost its connection, and what was published since then.
pub(crate) fn subscriber_lost(subject: &Subject, server: &str, reason: &str) {
    let Subject { component, key } = subject.clone();
    let (server, reason) = (server.to_owned(), reason.to_owned());
    report(move || {
        tracing::warn!(
            component,
            key,
            server,
            reason,
            "subscriber has lost its connection"
        );
    });
}

/// A subscriber cannot subscribe on the component's server.
pub(crate) fn cannot_subscribe(subject: &Subject, reason: &str) {
    let Subject { component, key } = subject.clone();
    let reason = reason.to_owned();
    report(move || tracing::warn!(component, key, reason, "subscriber cannot subscribe"));
}

/// A subscriber is subscribed on another server, or again.
pub(crate) fn subscribed(subject: &Subject, server: &str, generation: u64, gap: bool) {
    let Subject { component, key } = subject.clone();
    let server = server.to_owned();
    report(move || {
        tracing::info!(
            component,
            key,
            generation,
            server,
            gap,
            "subscriber has subscribed again"
        );
    });
}

/// A command that a server refused, and so did not execute, is sent to another.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
pub(crate) fn resent(Subject { component, .. }: &Subject) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        RESENT.name, "component" => component.clone()
    )
    .increment(1);
}

/// A pool of blocking connections cannot open one more, and goes on with its other connections.
pub(crate) fn cannot_grow(
    Subject { component, key }: &Subject,
    server: &str,
    connections: usize,
    kind: ErrorKind,
    reason: &str,
) {
    count_failure(component, kind);
    tracing::warn!(
        component,
        key,
        server,
        connections,
        reason,
        "one more blocking connection cannot be opened"
    );
}

/// Connections to a server that the component has left are still in use at the drain deadline.
pub(crate) fn still_in_use(
    subject: &Subject,
    generation: u64,
    server: &str,
    connections: usize,
    cut: bool,
) {
    let Subject { component, key } = subject.clone();
    let server = server.to_owned();
    report(move || {
        tracing::warn!(
            component,
            key,
            generation,
            server,
            connections,
            cut,
            "connections to a server that the component has left are still in use"
        );
    });
}

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
fn count_swap(component: &str, reason: &'static str) {
    #[cfg(feature = "metrics")]
    {
        let component = component.to_owned();
        report(move || {
            metrics::counter!(SWAPS.name, "component" => component, "reason" => reason)
                .increment(1);
        });
    }
}

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
fn count_failure(component: &str, kind: ErrorKind) {
    #[cfg(feature = "metrics")]
    {
        let component = component.to_owned();
        report(move || {
            metrics::counter!(
                SERVER_FAILURES.name,
                "component" => component, "kind" => format!("{kind:?}")
            )
            .increment(1);
        });
    }
}
