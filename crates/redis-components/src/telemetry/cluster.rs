//! Events of the cluster of a component.

use super::component::Subject;
use super::report::report;

/// Some slots of a cluster in use have lost their owner.
pub(crate) fn uncovered(subject: &Subject, server: String, reason: String) {
    let Subject { component, key } = subject.clone();
    report(move || {
        tracing::warn!(
            component,
            key,
            server,
            reason,
            "slots of a cluster have no owner"
        );
    });
}

/// All slots have an owner again.
pub(crate) fn covered(subject: &Subject, server: String) {
    let Subject { component, key } = subject.clone();
    report(move || {
        tracing::info!(
            component,
            key,
            server,
            "all slots of a cluster have an owner"
        );
    });
}
