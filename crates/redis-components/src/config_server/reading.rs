//! The result of a read of a key.

use std::sync::Arc;

use std::time::SystemTime;

use redis::RedisError;

use super::config_text::ConfigText;
use crate::config::ComponentConfig;
use crate::error::text::printable_error;
use crate::error::{Error, ErrorKind};
use crate::transport::failure::Failure;

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
    /// How the config is written. `None` if it is fixed.
    pub(super) text: Option<ConfigText>,
    /// Set if the config comes from the file of last good configs, because the server has not
    /// answered.
    pub(crate) from_file: Option<FromFile>,
    /// Why the newest reading gave no config. The config before it stays in force.
    pub(crate) problem: Option<Problem>,
}

/// Since when a config from the file of last good configs stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromFile {
    pub(crate) since: SystemTime,
    /// When it was saved.
    pub(crate) saved: SystemTime,
}

/// A config, and how it is written.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) config: ComponentConfig,
    pub(super) text: ConfigText,
}

/// A config that stands in for the one on a config server that does not answer.
#[derive(Clone, Debug)]
pub(super) struct StandIn {
    pub(super) config: ComponentConfig,
    pub(super) text: ConfigText,
    /// When it was saved.
    pub(super) saved: SystemTime,
}

/// Why a reading gave no config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl Target {
    /// Returns the target after a reading.
    pub(super) fn with_reading(&self, reading: Reading) -> Self {
        let Reading { config, text } = reading;
        Self {
            text: Some(text),
            ..self.with(config)
        }
    }

    /// Returns the target of a key without a config, with the config that stands in.
    pub(super) fn with_stand_in(&self, stand_in: StandIn, problem: Problem) -> Self {
        let StandIn {
            config,
            text,
            saved,
        } = stand_in;
        let since = SystemTime::now();
        Self {
            text: Some(text),
            from_file: Some(FromFile { since, saved }),
            problem: Some(problem),
            ..self.with(config)
        }
    }

    /// Returns the target with `config`, and nothing wrong.
    pub(super) fn with(&self, config: ComponentConfig) -> Self {
        let same = self.config.as_deref() == Some(&config);
        Self {
            revision: self.revision + u64::from(!same),
            config: match &self.config {
                Some(known) if same => Some(Arc::clone(known)),
                _ => Some(Arc::new(config)),
            },
            text: None,
            from_file: None,
            problem: None,
        }
    }

    /// Returns how the config server writes the config. `None` if the server has not given it.
    pub(super) fn server_text(&self) -> Option<ConfigText> {
        let text = self.text.as_ref().filter(|_| self.from_file.is_none());
        text.cloned()
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
            kind: if failure.is_refusal() {
                ErrorKind::ConfigServerRefused
            } else {
                ErrorKind::ConfigServerUnreachable
            },
            message: format!(
                "the config server {address} gives no config: {}",
                failure.message
            ),
        }
    }
}

/// Returns the config in an answer to the read of `key`.
pub(super) fn interpret(address: &str, key: &str, answer: Answer) -> Result<Reading, Problem> {
    let invalid = |what: String| Problem {
        kind: ErrorKind::ConfigInvalid,
        message: format!(
            "the config under `{key}` on the config server {address} is refused: {what}"
        ),
    };
    let value = match answer {
        Ok(value) => value,
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
    let config = ComponentConfig::from_json(text)
        .map_err(|error: Error| invalid(error.message().to_owned()))?;
    let text = ConfigText::new(text);
    Ok(Reading { config, text })
}
