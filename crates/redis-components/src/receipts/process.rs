//! The process that a receipt is about.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::invalid::InvalidReceipt;
use super::keys::KEY_PREFIX;
use crate::error::text::printable;

/// The language of which every runtime that writes receipts knows candidates.
const KNOWS_CANDIDATES: &str = "rust";

/// Returns the time, or the nearest one that RFC 3339 can write. A clock may be far off.
pub(crate) fn within_rfc_3339(time: SystemTime) -> SystemTime {
    /// The last second of the year 9999.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + since_epoch.min(LAST)
}

/// The process that a receipt is about.
///
/// As text it is a JSON object. Names that are not known are ignored, and all but the application
/// and the instance may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Process {
    #[serde(default, rename = "v")]
    pub(crate) version: u64,
    pub(crate) application: String,
    pub(crate) instance: String,
    #[serde(default)]
    pub(crate) host: String,
    #[serde(default)]
    pub(crate) pid: u32,
    #[serde(default)]
    pub(crate) started: String,
    #[serde(default)]
    pub(crate) runtime: String,
    #[serde(default)]
    pub(crate) language: String,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) key_prefix: String,
    #[serde(default)]
    pub(crate) every: u64,
    #[serde(default)]
    pub(crate) ttl: u64,
    /// What runtimes of other languages write. Every runtime of ours in Rust knows candidates.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) candidates: bool,
}

/// How a process notices changes of its configs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mode {
    /// The config server pushes changes.
    Push,
    /// Configs are read again when they are used.
    Poll,
    /// A mode that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Process {
    /// Reads the value of the field [`PROCESS_FIELD`](super::PROCESS_FIELD).
    ///
    /// # Errors
    ///
    /// Returns an error if it is no JSON object with an application and an instance.
    pub fn parse(text: &str) -> Result<Self, InvalidReceipt> {
        // serde's message may repeat what is in the text.
        let read: Self = serde_json::from_str(text).map_err(|_| {
            InvalidReceipt::new("its field `@` names no process as version 1 does".to_owned())
        })?;
        let Self {
            application,
            instance,
            ..
        } = &read;
        if application.is_empty() || instance.is_empty() {
            return Err(InvalidReceipt::new("its names are empty".to_owned()));
        }
        Ok(Self {
            application: printable(&read.application),
            instance: printable(&read.instance),
            host: printable(&read.host),
            started: printable(&read.started),
            runtime: printable(&read.runtime),
            language: printable(&read.language),
            key_prefix: printable(&read.key_prefix),
            ..read
        })
    }

    /// Returns the text of the field [`PROCESS_FIELD`](super::PROCESS_FIELD).
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of texts and numbers has no value that JSON does not know.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the member of [`FLEET_KEY`](super::FLEET_KEY): `<application>:<instance>`.
    #[must_use]
    pub fn member(&self) -> String {
        format!("{}:{}", self.application, self.instance)
    }

    /// Returns the key of the receipt.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{KEY_PREFIX}{}", self.member())
    }

    /// Returns the version of the format: 1.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the application's name.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.application
    }

    /// Returns the name of this one: `<host>-<pid>-<4 hexadecimal digits>`.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Returns the name of the machine that the process runs on.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the process's id on its machine.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the time at which the process first used its config server.
    #[must_use]
    pub fn started(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339_weak(&self.started).ok()
    }

    /// Returns the version of the runtime.
    #[must_use]
    pub fn runtime(&self) -> &str {
        &self.runtime
    }

    /// Returns the language of the runtime, for example `rust`.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Returns `true` if the runtime makes candidates ready: configs that are about to come into force.
    #[must_use]
    pub fn knows_candidates(&self) -> bool {
        self.candidates || self.language == KNOWS_CANDIDATES
    }

    /// Returns how the process notices changes.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the prefix of the keys of its configs.
    #[must_use]
    pub fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// Returns after how many seconds the receipt is renewed, give or take a fifth.
    #[must_use]
    pub fn every(&self) -> u64 {
        self.every
    }

    /// Returns after how many seconds without renewal the receipt expires.
    #[must_use]
    pub fn ttl(&self) -> u64 {
        self.ttl
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Mode, Process};

    fn process() -> Process {
        Process {
            version: 1,
            application: "shop".to_owned(),
            instance: "web1-77-a0f3".to_owned(),
            host: "web1".to_owned(),
            pid: 77,
            started: "2025-11-26T15:13:20Z".to_owned(),
            runtime: "0.1.0".to_owned(),
            language: "rust".to_owned(),
            mode: Mode::Poll,
            key_prefix: "config:redis:".to_owned(),
            every: 10,
            ttl: 35,
            candidates: false,
        }
    }

    #[test]
    fn r14_what_is_written_is_read() {
        let text = process().to_json();
        assert_eq!(
            text,
            r#"{"v":1,"application":"shop","instance":"web1-77-a0f3","host":"web1","pid":77,"started":"2025-11-26T15:13:20Z","runtime":"0.1.0","language":"rust","mode":"poll","key_prefix":"config:redis:","every":10,"ttl":35}"#
        );
        let read = Process::parse(&text).unwrap();
        assert_eq!(read, process());
        assert_eq!(read.key(), "redis-components:receipt:shop:web1-77-a0f3");
        let started = UNIX_EPOCH + Duration::from_secs(1_764_170_000);
        assert_eq!(read.started(), Some(started));
    }

    #[test]
    fn r14_later_versions_may_add_and_omit() {
        let text = r#"{"v":2,"application":"shop","instance":"i","mode":"dream","new":[1]}"#;
        let read = Process::parse(text).unwrap();
        assert_eq!((read.version(), read.member()), (2, "shop:i".to_owned()));
        assert_eq!((read.mode(), read.started()), (Mode::Unknown, None));
    }

    #[test]
    fn r15_a_runtime_of_another_language_says_that_it_knows_candidates() {
        for (text, knows) in [
            (r#"{"language":"rust"}"#, true),
            (r#"{"language":"python"}"#, false),
            (r#"{"language":"python","candidates":true}"#, true),
            (r#"{"language":"python","candidates":false}"#, false),
        ] {
            let text = text.replace('{', r#"{"application":"a","instance":"i","#);
            let process = Process::parse(&text).unwrap();
            assert_eq!(process.knows_candidates(), knows, "{text}");
        }
    }

    #[test]
    fn r8_what_another_process_writes_steers_no_terminal() {
        let text = "{\"application\":\"a\\u001b[2J\",\"instance\":\"i\\n\",\"host\":\"\\u202e\"}";
        let read = Process::parse(text).unwrap();
        let shown = format!("{}{}{}", read.application(), read.instance(), read.host());
        assert!(crate::error::text::is_printable(&shown), "{shown}");
    }

    #[test]
    fn what_names_no_process_is_refused() {
        for text in [
            "",
            "1",
            "{}",
            r#"{"application":"a"}"#,
            r#"{"application":"","instance":"i"}"#,
        ] {
            assert!(Process::parse(text).is_err(), "{text}");
        }
    }
}
