//! The result of a read of a key.

use std::sync::Arc;
use std::time::SystemTime;

use redis::RedisError;
use secrecy::zeroize::Zeroizing;

use super::config_text::ConfigText;
use super::read_command::READ_LIMIT;
use crate::config::ComponentConfig;
use crate::error::server_words::meaning;
use crate::error::{Error, ErrorKind};
use crate::transport::contents::watcher::{Found as Read, Unread};
use crate::transport::failure::Failure;
use crate::transport::no_primary::NoPrimary;
use crate::transport::sentinel::watcher::Found;

/// The answer to a read of one key.
pub(super) type Answer = Result<Vec<u8>, RedisError>;

/// The last usable config of a key, and the problem since then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    /// Grows by one with every config whose meaning differs from the config before.
    pub(crate) revision: u64,
    pub(crate) config: Option<Arc<ComponentConfig>>,
    /// The key's own config, if a canary's is in its place.
    pub(crate) own: Option<Arc<ComponentConfig>>,
    /// How the config is written. `None` if it is fixed.
    pub(super) text: Option<ConfigText>,
    /// Set if the config comes from the file of last good configs, because the server has not
    /// answered.
    pub(crate) from_file: Option<FromFile>,
    /// Why the newest reading gave no config. The config before it stays in force.
    pub(crate) problem: Option<Problem>,
    /// Why the sentinels of the config name no primary now.
    pub(crate) no_primary: Option<NoPrimary>,
    /// Why what the config refers to cannot be read now.
    pub(crate) unread: Option<Unread>,
}

/// What a config leaves to others: where its server is, and what its references and files hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Outside {
    /// What its sentinels say, if it names any.
    pub(super) found: Option<Found>,
    /// What was read, if it refers to anything.
    pub(super) read: Option<Read>,
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
    /// The key's own config, if this is a canary's.
    pub(super) own: Option<Arc<ComponentConfig>>,
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
    /// Returns `true` if the config is the one under the key, and nothing is wrong with what was read
    /// there last.
    pub(super) fn is_as_on_server(&self) -> bool {
        self.own.is_none() && self.from_file.is_none() && self.problem.is_none()
    }

    /// Returns `true` if this is the key's own config, and no canary's.
    pub(super) fn has_own(&self, config: &Arc<ComponentConfig>) -> bool {
        self.own.is_none() && self.config.as_ref() == Some(config)
    }

    /// Returns the target after a reading, with what the config leaves to others.
    pub(super) fn with_reading(&self, reading: Reading, outside: &Outside) -> Self {
        let Reading { config, text, own } = reading;
        Self {
            own,
            text: Some(text),
            ..self.with(config, outside)
        }
    }

    /// Returns the target of a key without a config, with the config that stands in.
    pub(super) fn with_stand_in(
        &self,
        stand_in: StandIn,
        problem: Problem,
        outside: &Outside,
    ) -> Self {
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
            own: None,
            ..self.with(config, outside)
        }
    }

    /// Returns the target with `config`, what that leaves to others, and nothing wrong.
    pub(super) fn with(&self, config: ComponentConfig, outside: &Outside) -> Self {
        let Outside { found, read } = outside;
        let (found, read) = (found.as_ref(), read.as_ref());
        let primary = found.and_then(|found| found.primary.clone());
        let contents = read.and_then(|read| read.contents.clone());
        Self {
            text: None,
            from_file: None,
            problem: None,
            no_primary: found.and_then(|found| found.problem.clone()),
            unread: read.and_then(|read| read.problem.clone()),
            ..self.with_config(config.with_primary(primary).with_contents(contents))
        }
    }

    /// Returns the target with `config`.
    fn with_config(&self, config: ComponentConfig) -> Self {
        let same = self.config.as_deref() == Some(&config);
        Self {
            revision: self.revision + u64::from(!same),
            config: match &self.config {
                Some(known) if same => Some(Arc::clone(known)),
                _ => Some(Arc::new(config)),
            },
            ..self.clone()
        }
    }

    /// Returns the target after its sentinels have said where the primary is.
    pub(super) fn located(&self, found: &Found) -> Self {
        match &self.config {
            Some(config) if config.sentinels().is_some() => {
                let config = ComponentConfig::clone(config);
                Self {
                    no_primary: found.problem.clone(),
                    ..self.with_config(config.with_primary(found.primary.clone()))
                }
            }
            _ => self.clone(),
        }
    }

    /// Returns the target after what its config refers to was read.
    pub(super) fn read(&self, read: &Read) -> Self {
        match &self.config {
            Some(config) if !config.needs().is_empty() => {
                let config = ComponentConfig::clone(config);
                Self {
                    unread: read.problem.clone(),
                    ..self.with_config(config.with_contents(read.contents.clone()))
                }
            }
            _ => self.clone(),
        }
    }

    /// Returns `true` if the target has what was read.
    pub(super) fn knows(&self, read: &Read) -> bool {
        let config = self.config.as_ref();
        let contents = config.and_then(|config| config.contents());
        self.unread == read.problem && contents == read.contents.as_ref()
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
            kind: failure.cause.error_kind_of_config_server(),
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
                    meaning(&error)
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
    Ok(Reading {
        config,
        text,
        own: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Outside, Problem, Target};
    use crate::config::ComponentConfig;
    use crate::config::endpoint::{Address, Primary};
    use crate::error::ErrorKind;
    use crate::transport::no_primary::NoPrimary;
    use crate::transport::sentinel::watcher::Found;

    fn config() -> ComponentConfig {
        ComponentConfig::from_json(r#"{"sentinels":["s"],"service_name":"main"}"#).unwrap()
    }

    fn outside(found: Found) -> Outside {
        Outside {
            found: Some(found),
            read: None,
        }
    }

    fn found(host: &str) -> Found {
        let host = host.to_owned();
        let address = Address::Tcp { host, port: 6379 };
        let mut found = Found::default();
        found.primary = Some(Primary {
            address,
            epoch: Some(1),
        });
        found
    }

    #[test]
    fn r13_another_primary_is_another_revision() {
        let unknown = Target::default().with(config(), &outside(Found::default()));
        assert_eq!(unknown.revision, 1);
        let first = unknown.located(&found("a"));
        assert_eq!(first.revision, 2);
        assert_eq!(first.located(&found("a")).revision, 2);
        assert_eq!(first.with(config(), &outside(found("a"))).revision, 2);
        let second = first.located(&found("b"));
        assert_eq!(second.revision, 3);
        assert_eq!(second.config.unwrap().address(), "b:6379");
    }

    #[test]
    fn r5_what_the_sentinels_say_hides_no_problem_of_the_config() {
        let problem = Problem {
            kind: ErrorKind::ConfigMissing,
            message: "it is gone".to_owned(),
        };
        let known = Target::default().with(config(), &outside(found("a")));
        let gone = known.with_problem(problem.clone()).located(&found("b"));
        assert_eq!(gone.problem, Some(problem));
        assert_eq!(gone.config.unwrap().address(), "b:6379");
        let mut silent = found("a");
        silent.problem = Some(NoPrimary::watch_ended());
        let silent = known.located(&silent);
        assert_eq!(silent.revision, known.revision);
        assert!(silent.no_primary.is_some());
        assert!(silent.located(&found("a")).no_primary.is_none());
    }

    #[test]
    fn a_config_that_names_its_server_is_located_already() {
        let known = Target::default().with(ComponentConfig::new("h"), &Outside::default());
        assert_eq!(known.located(&found("a")).config, known.config);
    }
}
