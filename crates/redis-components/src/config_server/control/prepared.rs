//! A config that a fleet makes ready before it comes into force.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::ComponentConfig;

/// The longest id, in bytes.
const LONGEST_ID: usize = 64;

/// The refusals after which a command may go to a candidate, unless they are listed: those of a
/// server that has become a replica.
const READ_ONLY: &str = "READONLY";
/// The refusal of a server that is fenced off from writes.
const NO_REPLICAS: &str = "NOREPLICAS";

/// A config that is made ready, and takes the commands that the server in force refuses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    pub(in crate::config_server) id: String,
    pub(in crate::config_server) config: ComponentConfig,
    pub(in crate::config_server) until: Option<SystemTime>,
    /// Whether a server that is fenced off refuses for the candidate, too.
    pub(in crate::config_server) on_no_replicas: bool,
}

/// How a candidate is written.
#[derive(Deserialize)]
struct Written<'a> {
    id: String,
    #[serde(borrow)]
    config: &'a RawValue,
    #[serde(default)]
    until: Option<Until>,
    #[serde(default)]
    on: Option<Vec<String>>,
}

/// A time as RFC 3339, or in Unix seconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Until {
    Text(String),
    Seconds(f64),
}

impl Prepared {
    /// Reads a candidate.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, without what stands there.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let Written {
            id,
            config,
            until,
            on,
        } = serde_json::from_str(text)
            .map_err(|_| "it is no object with `id` and `config`".to_owned())?;
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(format!(
                "`id` is not 1 to {LONGEST_ID} letters, digits and signs of ASCII"
            ));
        }
        let until = until.map(Until::read).transpose()?;
        let on = on.unwrap_or_else(|| vec![READ_ONLY.to_owned()]);
        if on
            .iter()
            .any(|code| code != READ_ONLY && code != NO_REPLICAS)
        {
            return Err(format!(
                "`on` names another code than {READ_ONLY} and {NO_REPLICAS}"
            ));
        }
        let config =
            ComponentConfig::from_json(config.get()).map_err(|error| error.message().to_owned())?;
        if config.is_disabled() {
            return Err("its config is switched off".to_owned());
        }
        Ok(Self {
            id,
            config,
            until,
            on_no_replicas: on.iter().any(|code| code == NO_REPLICAS),
        })
    }
}

impl Until {
    fn read(self) -> Result<SystemTime, String> {
        let time = match self {
            Self::Text(text) => humantime::parse_rfc3339_weak(&text).ok(),
            Self::Seconds(seconds) => {
                let since_epoch = Duration::try_from_secs_f64(seconds).ok();
                since_epoch.and_then(|since_epoch| UNIX_EPOCH.checked_add(since_epoch))
            }
        };
        time.ok_or_else(|| {
            "`until` is no time as in RFC 3339, for example 2026-01-31T12:00:00Z".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::Prepared;

    #[test]
    fn r15_a_candidate_is_read() {
        let text = r#"{"id":"m-1","config":{"host":"h"},"until":"2026-01-01T00:00:00Z","new":1}"#;
        let prepared = Prepared::read(text).unwrap();
        assert_eq!(prepared.id, "m-1");
        let until = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        assert_eq!(
            (prepared.until, prepared.on_no_replicas),
            (Some(until), false)
        );
        let text = r#"{"id":"m","config":{"host":"h"},"until":1767225600,"on":["NOREPLICAS"]}"#;
        let prepared = Prepared::read(text).unwrap();
        assert_eq!(
            (prepared.until, prepared.on_no_replicas),
            (Some(until), true)
        );
    }

    #[test]
    fn r15_what_is_no_candidate_is_refused() {
        for text in [
            "1",
            "{}",
            r#"{"id":"a","config":"h"}"#,
            r#"{"id":"","config":{"host":"h"}}"#,
            r#"{"id":"a b","config":{"host":"h"}}"#,
            r#"{"id":"a","config":{"hots":"h"}}"#,
            r#"{"id":"a","config":{"disabled":true}}"#,
            r#"{"id":"a","config":{"host":"h"},"until":"soon"}"#,
            r#"{"id":"a","config":{"host":"h"},"until":-1}"#,
            r#"{"id":"a","config":{"host":"h"},"until":1e300}"#,
            r#"{"id":"a","config":{"host":"h"},"on":["MOVED"]}"#,
        ] {
            assert!(Prepared::read(text).is_err(), "{text}");
        }
    }
}
