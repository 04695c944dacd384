//! A client that could not be made, or not kept.

use super::Slot;
use super::executor::{Executor, ExecutorId};
use super::outlook::{Goal, Outlook, Setback};
use super::report::{Event, Report};
use crate::backoff::Backoff;
use crate::client::{Cause, EarlyEnd, Failure, HungUp};
use crate::{ComponentConfig, Error, ErrorKind};

impl Slot {
    /// Notes why there is no client of `goal` on `executor`; what is returned is to be told when the lock is released.
    pub(super) fn note_failure(
        &self,
        outlook: &mut Outlook,
        goal: &Goal,
        executor: ExecutorId,
        failure: &Failure,
    ) -> Report {
        let Self { component, key, .. } = self;
        let server = goal.config.address();
        let reason = &failure.message;
        // A runtime that cannot connect says nothing of the server: it fails alone.
        let (kind, executor) = match failure.cause {
            Cause::Busy | Cause::Refused => (ErrorKind::ServerRefused, None),
            Cause::Unreachable | Cause::Unsteady => (ErrorKind::ServerUnreachable, None),
            Cause::Runtime => (ErrorKind::NoRuntime, Some(executor)),
        };
        let mut error = Error::new(
            kind,
            format!(
                "the server {server}, named by the config under `{key}`, cannot be used: {reason}"
            ),
        )
        .about(component, key, Some(&server));
        if let Some(source) = failure.shown_source() {
            error = error.with_source(source);
        }
        let is_first = outlook.fail(Setback {
            revision: goal.revision,
            executor,
            error,
            longest_pause: match failure.cause {
                Cause::Refused => Backoff::REFUSED,
                Cause::Unsteady => Backoff::UNSTEADY,
                _ => Backoff::SERVER_DOWN,
            },
            hung_up: failure.hung_up == Some(HungUp::Early),
        });
        let event = Event::Unusable {
            kind,
            reason: reason.clone(),
            is_first,
        };
        self.report(&goal.config, event)
    }

    /// Counts a client that ended as soon as it was made as a failure of its server: a server that answers the probe and
    /// then hangs up would be connected to again and again, at once.
    pub(super) fn note_early_end<X: Executor>(&self, executor: &X) {
        // Before anybody decides what to do without the client.
        let mut outlook = self.outlook();
        let published = self.published.load();
        let Some(published) = published.as_ref() else {
            return;
        };
        let end: Option<EarlyEnd> = executor.take_early_end(&published.clients);
        let Some(end) = end else { return };
        let goal = Goal::same_config(published);
        let failure = Failure::hung_up(end);
        let report = self.note_failure(&mut outlook, &goal, executor.id(), &failure);
        drop(outlook);
        report.emit();
    }

    pub(super) fn report(&self, config: &ComponentConfig, event: Event) -> Report {
        Report {
            component: self.component.clone(),
            key: self.key.clone(),
            server: config.address(),
            event,
        }
    }
}
