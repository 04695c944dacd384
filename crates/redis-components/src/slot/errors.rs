//! Why a slot has no client to give, for callers and for people.

use super::breaker::{Breaker, Goal};
use super::circuit::ExecutorId;
use super::executor::Executor;
use super::published::OfGeneration;
use super::slot::Slot;
use crate::client::blocking::exhausted::Exhausted;
use crate::client::threads::BlockingClient;
use crate::config::ComponentConfig;
use crate::config_server::reading::Target;
use crate::error::{Error, ErrorKind};
use crate::telemetry::component::{ServerEvent, What};
use crate::transport::failure::{Cause, EarlyEnd, Failure};

impl Slot {
    /// Notes why there is no client of `goal` on `executor`. Emit the event when the lock is
    /// released.
    pub(super) fn note_failure(
        &self,
        breaker: &mut Breaker,
        goal: &Goal,
        executor: ExecutorId,
        failure: &Failure,
    ) -> ServerEvent {
        let key = self.key();
        let server = goal.config.address();
        let subject = goal.config.endpoint().subject();
        let reason = &failure.message;
        let cause = failure.cause;
        let kind = cause.error_kind();
        let error = Error::new(
            kind,
            format!(
                "{subject}, named by {}, cannot be used: {reason}",
                self.namer(&goal.config)
            ),
        )
        .about(self.component(), key, Some(&server));
        // A runtime that cannot connect says nothing about the server: it fails alone.
        let executor = (cause == Cause::Runtime).then_some(executor);
        let is_first = breaker.fail(executor, goal.revision, error, cause);
        self.watched.note_change();
        let reason = reason.clone();
        self.event(
            &goal.config,
            What::Unusable {
                kind,
                reason,
                is_first,
            },
        )
    }

    /// Counts a client that ended as soon as it was made as a failure of its server. Otherwise
    /// callers would connect in a tight loop to a server that answers the probe and then closes the
    /// connection.
    pub(super) fn note_early_end<X: Executor>(&self, executor: &X) {
        // This comes before any call decides what to do without the client.
        let mut state = self.state();
        let published = self.published.load();
        let Some(published) = published.as_ref() else {
            return;
        };
        let Some(failure) = executor.take_early_end(&published.clients) else {
            return;
        };
        if failure.may_be_outdated() && !published.config.needs().is_empty() {
            // The next attempt has what the config refers to read again, or fails likewise.
            return;
        }
        let goal = Goal::same_config(published);
        let (breaker, id) = (&mut state.breaker, executor.id());
        let was_used = failure.cause == Cause::ClosedEarly(EarlyEnd::Used);
        if was_used && breaker.forgive_first(id, goal.revision) {
            return;
        }
        let event = self.note_failure(breaker, &goal, id, &failure);
        drop(state);
        event.emit();
    }

    pub(super) fn event(&self, config: &ComponentConfig, what: What) -> ServerEvent {
        ServerEvent {
            is_of_candidate: self.is_candidate(),
            subject: self.subject.clone(),
            server: config.address(),
            what,
        }
    }

    /// Returns why the newest config is not in force, and how many connections of earlier
    /// generations are still in use.
    pub(crate) fn pending(&self) -> (Option<String>, usize) {
        let state = self.state();
        let target = self.watched.target();
        let disabled = target
            .config
            .as_deref()
            .is_some_and(ComponentConfig::is_disabled);
        let reason = match &target.problem {
            Some(problem) => Some(problem.message.clone()),
            None if disabled => Some(self.disabled().message().to_owned()),
            None => state
                .breaker
                .problem(target.revision)
                .map(|error| error.message().to_owned())
                .or_else(|| Some(self.outdated(&target.unread.as_ref()?.message)))
                .or_else(|| Some(target.no_primary.as_ref()?.message.clone()))
                .or_else(|| self.client_problem()),
        };
        (reason, state.old_connections())
    }

    /// Returns why the config in force goes on with an older password, certificate or key.
    fn outdated(&self, reason: &str) -> String {
        let published = self.published.load();
        let Some(published) = published.as_ref() else {
            return format!("{}: {reason}", self.config_source());
        };
        let config = &published.config;
        format!(
            "{}, named by {}, is used with what was read before: {reason}",
            config.endpoint().subject(),
            self.namer(config),
        )
    }

    /// Returns why the clients in force cannot serve some calls, or not as fast as they come.
    fn client_problem(&self) -> Option<String> {
        let published = self.published.load();
        published.as_ref()?.clients.problem()
    }

    pub(super) fn was_shut_down(&self) -> Error {
        self.error(
            ErrorKind::ShutDown,
            "redis-components was shut down".into(),
            None,
        )
    }

    pub(super) fn disabled(&self) -> Error {
        let key = self.key();
        let message =
            format!("it is switched off: the config under `{key}` says `\"disabled\": true`");
        self.error(
            ErrorKind::Disabled,
            message,
            self.server_address().as_deref(),
        )
    }

    /// Returns why the newest reading gave no config.
    pub(crate) fn no_config(&self, target: &Target) -> Error {
        let (kind, message) = match &target.problem {
            Some(problem) => (problem.kind, problem.message.as_str()),
            None => (
                ErrorKind::ConfigServerUnreachable,
                "the config watch has ended",
            ),
        };
        self.error(kind, message.to_owned(), self.server_address().as_deref())
    }

    /// Returns why a call has no client although no attempt for it has failed.
    pub(super) fn changes_too_fast(&self, goal: &Goal) -> Error {
        let server = goal.config.address();
        let namer = self.namer(&goal.config);
        let text = format!(
            "{namer} changes faster than its servers can be connected to; the newest is {server}"
        );
        self.error(ErrorKind::ServerUnreachable, text, Some(&server))
    }

    /// Returns who names the server of a config, for a message.
    fn namer(&self, config: &ComponentConfig) -> String {
        let source = self.config_source();
        if config.sentinels().is_some() && config.is_located() {
            format!("the sentinels of {source}")
        } else {
            source
        }
    }

    /// Returns the place of the config, for a message.
    fn config_source(&self) -> String {
        match &self.server {
            Some(_) => format!("the config under `{}`", self.key()),
            None if self.is_candidate() => "the candidate for the component".to_owned(),
            None => "`Settings::fixed`".to_owned(),
        }
    }

    /// Returns why a call gets no blocking connection.
    pub(crate) fn exhausted(
        &self,
        pool: &OfGeneration<BlockingClient>,
        exhausted: Exhausted,
    ) -> Error {
        let is_fixed = self.is_fixed();
        exhausted.into_error(&self.subject, &pool.config.address(), is_fixed)
    }

    fn server_address(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        Some(server.address().to_string())
    }

    fn error(&self, kind: ErrorKind, message: String, server: Option<&str>) -> Error {
        Error::new(kind, message).about(self.component(), self.key(), server)
    }
}
