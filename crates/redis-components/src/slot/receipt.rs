//! What a slot says about itself in the receipt of its process.

use std::sync::{Arc, Weak};
use std::time::UNIX_EPOCH;

use super::candidate::Standing;
use super::slot::{Candidate, Slot};
use crate::config::ComponentConfig;
use crate::config_server::receipts::report::Report;
use crate::error::ErrorKind;
use crate::receipts::component_receipt::CANDIDATE;
use crate::receipts::{ComponentReceipt, ReceiptState};
use crate::transport::failure::Cause;

impl Slot {
    /// Says from now on what the component runs, in the receipt of this process.
    pub(crate) fn report_to_fleet(self: &Arc<Self>) {
        if let Some(server) = &self.server {
            let slot: Weak<dyn Report> = Arc::downgrade(self) as _;
            server.report(slot);
        }
    }
}

impl Report for Slot {
    fn component(&self) -> &str {
        &self.subject.component
    }

    fn report(&self, salt: &str) -> ComponentReceipt {
        let state = self.state();
        let target = self.watched.target();
        let published = self.published();
        let config = target.config.as_ref();
        let is_disabled = config.is_some_and(|config| config.is_disabled());
        let is_applied = published
            .as_deref()
            .is_some_and(|published| target.config.as_ref() == Some(&published.config));
        let old_connections = state.old_connections();
        let (stands, reason) = match (&target.problem, state.breaker.failure(target.revision)) {
            (Some(problem), _) => of_problem(problem.kind),
            (None, _) if is_disabled && published.is_none() => (ReceiptState::Disabled, None),
            (None, Some(failed)) => of_failure(failed.cause),
            (None, None) if is_applied => (ReceiptState::Ok, None),
            (None, None) => (ReceiptState::Trying, None),
        };
        drop(state);
        let reason = reason.map(|(kind, words)| format!("{} {words}", name_of(kind)));
        let (stands, reason) = match self.candidate() {
            Some(candidate) if stands == ReceiptState::Ok => self.report_candidate(&candidate),
            _ => (stands, reason),
        };
        let seen = config.filter(|_| target.problem.is_none());
        let since = published.as_ref().map(|published| published.since);
        let since = since.and_then(|since| since.duration_since(UNIX_EPOCH).ok());
        // Operators compare with the config as it is written: they do not see what it refers to.
        let digest = |config: &Arc<ComponentConfig>| {
            self.digests
                .of(config, salt, || config.written_digest(salt))
        };
        ComponentReceipt {
            applied: published.as_ref().map(|it| digest(&it.config)),
            seen: seen.map(digest),
            state: stands,
            generation: self.generations.newest(),
            since: since.unwrap_or_default().as_secs(),
            old_connections: u64::try_from(old_connections).unwrap_or(u64::MAX),
            reason,
        }
    }
}

impl Slot {
    /// Returns how a component stands that has a candidate beside the newest config.
    fn report_candidate(&self, candidate: &Candidate) -> (ReceiptState, Option<String>) {
        let id = candidate.id();
        let (state, reason) = match self.standing_of(candidate) {
            Standing::Ready => return (ReceiptState::Ready, Some(id.to_owned())),
            Standing::Trying => (ReceiptState::Trying, None),
            Standing::Failed(failed) => of_failure(failed.cause),
        };
        let reason = reason.map(|(kind, words)| format!(" {} {words}", name_of(kind)));
        let reason = reason.unwrap_or_default();
        (
            ReceiptState::Ok,
            Some(format!("{CANDIDATE} {id} {state}{reason}")),
        )
    }
}

type Reason = Option<(ErrorKind, &'static str)>;

/// Returns how a component stands whose newest value is no config.
fn of_problem(kind: ErrorKind) -> (ReceiptState, Reason) {
    let (state, words) = match kind {
        ErrorKind::ConfigMissing => (ReceiptState::Trying, "there is no config under its key"),
        ErrorKind::ConfigServerRefused => (ReceiptState::Refused, "its key cannot be read"),
        ErrorKind::ConfigServerUnreachable
        | ErrorKind::ReferenceUnavailable
        | ErrorKind::Settings => (ReceiptState::Trying, "it was not read yet"),
        _ => (ReceiptState::Refused, "the value is no usable config"),
    };
    (state, Some((kind, words)))
}

/// Returns how a component stands whose server cannot be used.
fn of_failure(cause: Cause) -> (ReceiptState, Reason) {
    let kind = cause.error_kind();
    let (state, words) = match cause {
        Cause::Unreachable => (ReceiptState::Unreachable, "it does not answer"),
        Cause::ClosedInHandshake | Cause::ClosedOnHello => {
            (ReceiptState::Unreachable, "it hangs up in the handshake")
        }
        Cause::ClosedEarly(_) => (ReceiptState::Unreachable, "it closes its connections early"),
        Cause::Busy => (
            ReceiptState::Trying,
            "it takes no connection for the moment",
        ),
        Cause::Replica => (ReceiptState::Trying, "it is a replica"),
        Cause::Refused => (
            ReceiptState::Refused,
            "it refuses the connection or the login",
        ),
        Cause::Forbidden => (
            ReceiptState::Refused,
            "the policy of this process forbids it",
        ),
        Cause::Local => (
            ReceiptState::Refused,
            "this process lacks what the config asks for",
        ),
        Cause::Unavailable => (
            ReceiptState::Unreachable,
            "what the config refers to cannot be used for the moment",
        ),
        Cause::Unsupported => (
            ReceiptState::Refused,
            "a function cannot use its kind of server",
        ),
        Cause::Runtime => (
            ReceiptState::Trying,
            "a runtime of this process cannot connect",
        ),
    };
    (state, Some((kind, words)))
}

/// Returns the name of a kind in snake case.
fn name_of(kind: ErrorKind) -> String {
    let mut name = String::new();
    for c in format!("{kind:?}").chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{name_of, of_failure, of_problem};
    use crate::error::ErrorKind;
    use crate::transport::failure::{Cause, EarlyEnd};

    #[test]
    fn r14_kinds_are_written_in_snake_case() {
        assert_eq!(name_of(ErrorKind::ForbiddenByPolicy), "forbidden_by_policy");
        assert_eq!(name_of(ErrorKind::ConfigInvalid), "config_invalid");
        assert_eq!(name_of(ErrorKind::Disabled), "disabled");
    }

    #[test]
    fn r14_reasons_are_short() {
        for kind in [
            ErrorKind::ConfigMissing,
            ErrorKind::ConfigInvalid,
            ErrorKind::ConfigServerRefused,
            ErrorKind::ConfigServerUnreachable,
        ] {
            let (_, reason) = of_problem(kind);
            assert!(reason.unwrap().1.len() <= 64);
        }
        for cause in [
            Cause::Unreachable,
            Cause::ClosedInHandshake,
            Cause::ClosedEarly(EarlyEnd::Used),
            Cause::Busy,
            Cause::Replica,
            Cause::Refused,
            Cause::Forbidden,
            Cause::Local,
            Cause::Unavailable,
            Cause::Unsupported,
            Cause::Runtime,
        ] {
            let (_, reason) = of_failure(cause);
            assert!(reason.unwrap().1.len() <= 64, "{cause:?}");
        }
    }
}
