//! The result of a read of a key.

use std::sync::Arc;

use redis::RedisError;
use secrecy::zeroize::Zeroizing;

use crate::config::ComponentConfig;
use crate::error::text::printable_error;
use crate::error::{Error, ErrorKind};
use crate::transport::failure::{Cause, Failure};

/// How many bytes a config may have.
pub(super) const READ_LIMIT: usize = 64 * 1024;

/// The answer to a read of one key.
pub(super) type Answer = Result<Vec<u8>, RedisError>;

/// The last usable config of a key, and the problem since then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    /// Grows by one with every config whose meaning differs from the config before.
    pub(crate) revision: u64,
    pub(crate) config: Option<Arc<ComponentConfig>>,
    /// Why the newest reading gave no config. The config before it stays in force.
    pub(crate) problem: Option<Problem>,
}

/// Why a reading gave no config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl Target {
    /// Returns the target after a reading that found `config`.
    pub(super) fn with(&self, config: ComponentConfig) -> Self {
        let same = self.config.as_deref() == Some(&config);
        Self {
            revision: self.revision + u64::from(!same),
            config: match &self.config {
                Some(known) if same => Some(Arc::clone(known)),
                _ => Some(Arc::new(config)),
            },
            problem: None,
        }
    }

    /// Returns the target after a reading that gave no config.
    pub(super) fn with_problem(&self, problem: Problem) -> Self {
        Self {
            problem: Some(problem),
            ..self.clone()
        }
    }
}

impl Problem {
    /// Returns the problem of a config server that did not answer.
    pub(super) fn unanswered(address: &str, failure: &Failure) -> Self {
        Self {
            kind: match failure.cause {
                Cause::Busy | Cause::Refused => ErrorKind::ConfigServerRefused,
                Cause::Forbidden => ErrorKind::ForbiddenByPolicy,
                _ => ErrorKind::ConfigServerUnreachable,
            },
            message: format!(
                "the config server {address} gives no config: {}",
                failure.message
            ),
        }
    }
}

/// Returns the config in an answer to the read of `key`.
pub(super) fn interpret(
    address: &str,
    key: &str,
    answer: Answer,
) -> Result<ComponentConfig, Problem> {
    let invalid = |what: String| Problem {
        kind: ErrorKind::ConfigInvalid,
        message: format!(
            "the config under `{key}` on the config server {address} is refused: {what}"
        ),
    };
    let value = match answer {
        // It may hold a password.
        Ok(value) => Zeroizing::new(value),
        Err(error) if error.code() == Some("WRONGTYPE") => {
            return Err(invalid(
                "the key holds no string; SET it to the config as JSON".into(),
            ));
        }
        Err(error) => {
            return Err(Problem {
                kind: ErrorKind::ConfigServerRefused,
                message: format!(
                    "the config server {address} does not let `{key}` be read: {}",
                    printable_error(&error)
                ),
            });
        }
    };
    if value.is_empty() {
        return Err(Problem {
            kind: ErrorKind::ConfigMissing,
            message: format!(
                "there is no config under `{key}` on the config server {address}; \
                 set it with: SET {key} '{{\"host\": \"…\", \"port\": …}}'"
            ),
        });
    }
    if value.len() > READ_LIMIT {
        return Err(invalid(format!("it is longer than {READ_LIMIT} bytes")));
    }
    let text = std::str::from_utf8(&value).map_err(|_| invalid("the value is not UTF-8".into()))?;
    ComponentConfig::from_json(text).map_err(|error: Error| invalid(error.message().to_owned()))
}
