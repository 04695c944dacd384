//! Why a slot has no client to give.

use super::Slot;
use crate::config_server::{ConfigServer, Target};
use crate::{ComponentConfig, Error, ErrorKind};

impl Slot {
    /// Why the newest config is not in force, and how many connections of earlier generations are still in use.
    pub(crate) fn pending(&self) -> (Option<String>, usize) {
        let outlook = self.outlook();
        let target = self.watched.target();
        let disabled = target
            .config
            .as_deref()
            .is_some_and(ComponentConfig::is_disabled);
        let reason = match &target.problem {
            Some(problem) => Some(problem.message.clone()),
            None if disabled => Some(self.disabled().message().to_owned()),
            None => outlook
                .failure(target.revision)
                .map(|error| error.message().to_owned()),
        };
        (reason, outlook.old_connections())
    }

    /// Why there is no config in force where there was one just now.
    pub(crate) fn unavailable(&self) -> Error {
        if self.outlook().is_shut_down() {
            self.was_shut_down()
        } else {
            self.disabled()
        }
    }

    pub(super) fn was_shut_down(&self) -> Error {
        Error::new(ErrorKind::ShutDown, "redis-components was shut down").about(
            &self.component,
            &self.key,
            None,
        )
    }

    pub(super) fn disabled(&self) -> Error {
        let key = &self.key;
        let message =
            format!("it is switched off: the config under `{key}` says `\"disabled\": true`");
        let server = self.server.as_deref().map(ConfigServer::address);
        Error::new(ErrorKind::Disabled, message).about(&self.component, key, server)
    }

    pub(crate) fn no_config(&self, target: &Target) -> Error {
        let (kind, message) = match &target.problem {
            Some(problem) => (problem.kind, problem.message.as_str()),
            None => (
                ErrorKind::ConfigServerUnreachable,
                "the config watch has ended",
            ),
        };
        Error::new(kind, message).about(
            &self.component,
            &self.key,
            self.server.as_deref().map(ConfigServer::address),
        )
    }
}
