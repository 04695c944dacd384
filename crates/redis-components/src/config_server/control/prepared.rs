//! A config that a fleet makes ready before it comes into force.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::{ComponentConfig, json};

/// The longest id, in bytes.
const LONGEST_ID: usize = 64;

/// The refusal of a server that has become a replica.
const READ_ONLY: &str = "READONLY";
/// The refusal of a server that is fenced off from writes.
const NO_REPLICAS: &str = "NOREPLICAS";

/// A config that is made ready before it comes into force.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    pub(in crate::config_server) id: String,
    pub(in crate::config_server) config: ComponentConfig,
    pub(in crate::config_server) until: Option<SystemTime>,
    /// The refusals after which a command goes to it.
    pub(in crate::config_server) takes: Refusals,
    /// The refusals after which a command waits until it is in force: it does not have all data yet.
    pub(in crate::config_server) holds: Refusals,
    /// The run of the server that has the data, if only that one may take commands.
    pub(in crate::config_server) run_id: Option<String>,
}

/// Refusals of a server whose data moves. A candidate with other data than the server in force names
/// none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::config_server) struct Refusals {
    pub(in crate::config_server) read_only: bool,
    pub(in crate::config_server) no_replicas: bool,
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
    #[serde(default)]
    hold: Option<Vec<String>>,
    run_id: Option<String>,
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
            hold,
            run_id,
        } = json::object(text)
            .ok_or("it is no object with `id` and `config`, or a field has the wrong type")?;
        // Receipts say "no candidate" with `-`.
        if id == "-"
            || id.is_empty()
            || id.len() > LONGEST_ID
            || !id.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(format!(
                "`id` is not 1 to {LONGEST_ID} letters, digits and signs of ASCII, or it is `-`"
            ));
        }
        let until = until.map(Until::read).transpose()?;
        let takes = match on {
            Some(codes) => Refusals::read("on", codes)?,
            None if hold.is_some() => Refusals::default(),
            None => Refusals::AFTER_A_MOVE,
        };
        let holds = Refusals::read("hold", hold.unwrap_or_default())?;
        let config =
            ComponentConfig::from_json(config.get()).map_err(|error| error.message().to_owned())?;
        if config.is_disabled() {
            return Err("its config is switched off".to_owned());
        }
        Ok(Self {
            id,
            config,
            until,
            takes,
            holds,
            run_id,
        })
    }
}

impl Refusals {
    /// What a candidate takes unless it says so.
    const AFTER_A_MOVE: Self = Self {
        read_only: true,
        no_replicas: false,
    };

    fn read(field: &str, codes: Vec<String>) -> Result<Self, String> {
        let mut refusals = Self::default();
        for code in codes {
            match &*code {
                READ_ONLY => refusals.read_only = true,
                NO_REPLICAS => refusals.no_replicas = true,
                _ => {
                    return Err(format!(
                        "`{field}` names another code than {READ_ONLY} and {NO_REPLICAS}"
                    ));
                }
            }
        }
        Ok(refusals)
    }

    pub(super) fn has(self, code: &str) -> bool {
        match code {
            READ_ONLY => self.read_only,
            NO_REPLICAS => self.no_replicas,
            _ => false,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
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
        assert_eq!((&*prepared.id, prepared.run_id), ("m-1", None));
        let until = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        assert_eq!(prepared.until, Some(until));
        let text = r#"{"id":"m","config":{"host":"h"},"until":1767225600}"#;
        assert_eq!(Prepared::read(text).unwrap().until, Some(until));
        let text = r#"{"id":"m","config":{"host":"h"},"run_id":"a1"}"#;
        assert_eq!(Prepared::read(text).unwrap().run_id.as_deref(), Some("a1"));
    }

    #[test]
    fn r15_a_candidate_takes_the_refusals_that_it_names() {
        for (on, read_only, no_replicas) in [
            ("", true, false),
            (r#","on":["READONLY"]"#, true, false),
            (r#","on":["NOREPLICAS"]"#, false, true),
            (r#","on":["NOREPLICAS","READONLY"]"#, true, true),
            (r#","on":[]"#, false, false),
        ] {
            let text = format!(r#"{{"id":"m","config":{{"host":"h"}}{on}}}"#);
            let takes = Prepared::read(&text).unwrap().takes;
            let has = ["READONLY", "NOREPLICAS", "MOVED"].map(|code| takes.has(code));
            assert_eq!(has, [read_only, no_replicas, false], "{on}");
        }
    }

    #[test]
    fn r15_a_candidate_that_lacks_data_holds_what_was_refused() {
        for (given, takes, holds) in [
            (r#""hold":["NOREPLICAS"]"#, [false; 2], [false, true]),
            (r#""on":[],"hold":["READONLY"]"#, [false; 2], [true, false]),
            (r#""hold":[]"#, [false; 2], [false; 2]),
            (r#""until":1"#, [true, false], [false; 2]),
        ] {
            let text = format!(r#"{{"id":"m","config":{{"host":"h"}},{given}}}"#);
            let prepared = Prepared::read(&text).unwrap();
            let codes = ["READONLY", "NOREPLICAS"];
            let found = [prepared.takes, prepared.holds].map(|all| codes.map(|one| all.has(one)));
            assert_eq!(found, [takes, holds], "{given}");
        }
    }

    #[test]
    fn r15_what_is_no_candidate_is_refused() {
        for text in [
            "1",
            "{}",
            r#"{"id":"a","config":"h"}"#,
            r#"{"id":"","config":{"host":"h"}}"#,
            r#"{"id":"-","config":{"host":"h"}}"#,
            r#"{"id":"a b","config":{"host":"h"}}"#,
            r#"{"id":"a","config":{"hots":"h"}}"#,
            r#"{"id":"a","config":{"disabled":true}}"#,
            r#"{"id":"a","config":{"host":"h"},"until":"soon"}"#,
            r#"{"id":"a","config":{"host":"h"},"until":-1}"#,
            r#"{"id":"a","config":{"host":"h"},"until":1e300}"#,
            r#"{"id":"a","config":{"host":"h"},"on":["MOVED"]}"#,
            r#"{"id":"a","config":{"host":"h"},"hold":["NOPERM"]}"#,
            r#"{"id":"a","config":{"host":"h"},"run_id":7}"#,
        ] {
            assert!(Prepared::read(text).is_err(), "{text}");
        }
    }
}
