//! Events of the sentinels of a service.

use super::report::report;
use crate::error::text::printable;

/// No sentinel names the service's primary.
pub(crate) fn lost(service: &str, reason: &str) {
    let (service, reason) = (printable(service), reason.to_owned());
    report(move || tracing::warn!(service, reason, "sentinels name no primary"));
}

/// Some sentinels name a primary that is not believed.
pub(crate) fn disagree(service: &str, reason: &str) {
    let (service, reason) = (printable(service), reason.to_owned());
    report(move || tracing::warn!(service, reason, "sentinels disagree on the primary"));
}

/// A sentinel names the service's primary again, or all agree again.
pub(crate) fn back(service: &str) {
    let service = printable(service);
    report(move || tracing::info!(service, "sentinels name the primary"));
}
