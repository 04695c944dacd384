//! The history of a config: a stream beside the configs, in which an entry's ID is its number.

use std::collections::HashMap;

use redis_components::ComponentConfig;
use serde::Serialize;

use crate::failure::{Code, Failure};
use crate::session::Session;
use crate::text::{printable, quoted};
use crate::time::{is_time, now};

/// How many entries are kept.
pub(crate) const KEPT: usize = 200;

/// How many entries one change makes.
const MOST_AT_ONCE: u64 = 2;

/// One change of a config.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) n: u64,
    /// The text of the config. It may hold a password.
    pub(crate) config: Vec<u8>,
    pub(crate) note: Note,
    /// Why its config cannot be used.
    pub(crate) problem: Option<&'static str>,
}

/// Who changed a config, when, from where and why.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Note {
    pub(crate) at: Option<String>,
    pub(crate) by: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) command: Option<String>,
    /// Tells one change from all others.
    #[serde(skip)]
    pub(crate) id: Option<String>,
}

impl Note {
    /// Returns the note of a change that begins now.
    pub(crate) fn now(reason: Option<String>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        // Secrets are no arguments.
        let words: Vec<_> = std::env::args_os()
            .skip(1)
            .map(|word| quoted(&word.to_string_lossy()))
            .collect();
        let users = ["SUDO_USER", "USER", "LOGNAME"];
        Self {
            at: Some(now()),
            by: users
                .into_iter()
                .find_map(variable)
                .or_else(|| Some(format!("uid {}", rustix::process::getuid().as_raw()))),
            from: Some(host),
            reason,
            command: Some(words.join(" ")),
            id: Some(format!("{:016x}", fastrand::u64(..))),
        }
    }

    /// Returns the fields of an entry.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self {
            at,
            by,
            from,
            reason,
            command,
            id,
        } = self;
        [
            ("at", at),
            ("by", by),
            ("from", from),
            ("reason", reason),
            ("command", command),
            ("id", id),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

impl Entry {
    /// Returns the config, if it is one.
    pub(crate) fn meaning(&self) -> Option<ComponentConfig> {
        ComponentConfig::from_json(std::str::from_utf8(&self.config).ok()?).ok()
    }

    /// Reads an entry. Other programs may have written it.
    fn parse((id, mut fields): Raw) -> Option<Self> {
        let (n, _) = id.split_once('-')?;
        let config = fields.remove(&b"config"[..]);
        let problem = match &config {
            None => Some("it has no `config`"),
            Some(config) if std::str::from_utf8(config).is_err() => Some("its config is not UTF-8"),
            Some(_) => None,
        };
        let mut text = |name: &str| {
            let bytes = fields.remove(name.as_bytes())?;
            Some(printable(&String::from_utf8_lossy(&bytes)))
        };
        Some(Self {
            n: n.parse().ok()?,
            config: config.unwrap_or_default(),
            problem,
            note: Note {
                // What is no time was written by another program.
                at: text("at").filter(|at| is_time(at)),
                by: text("by"),
                from: text("from"),
                reason: text("reason"),
                command: text("command"),
                id: text("id"),
            },
        })
    }
}

type Raw = (String, HashMap<Vec<u8>, Vec<u8>>);

/// Where a history ends.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The number of the last entry that was ever made.
    pub(crate) last: u64,
    pub(crate) newest: Option<Entry>,
}

impl Session {
    /// Returns the newest entries of a history, newest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the key is no stream, or may not be read.
    pub(crate) async fn entries(
        &self,
        component: &str,
        count: usize,
    ) -> Result<Vec<Entry>, Failure> {
        let key = self.names.history(component);
        let mut command = redis::cmd("XREVRANGE");
        command.arg(&key).arg("+").arg("-").arg("COUNT").arg(count);
        let raw: Vec<Raw> = self
            .query(&command)
            .await
            .map_err(|failure| self.of_history(failure, &key))?;
        Ok(raw.into_iter().filter_map(Entry::parse).collect())
    }

    /// Returns `true` if the component had a config, as far as its history may be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer.
    pub(crate) async fn has_history(&self, component: &str) -> Result<bool, Failure> {
        match self.entries(component, 1).await {
            Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
            entries => Ok(entries.is_ok_and(|entries| !entries.is_empty())),
        }
    }

    /// Returns one entry.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not there, or its config cannot be used.
    pub(crate) async fn entry(&self, component: &str, n: u64) -> Result<Entry, Failure> {
        let key = self.names.history(component);
        let mut command = redis::cmd("XRANGE");
        let id = format!("{n}-0");
        command.arg(&key).arg(&id).arg(&id);
        let raw: Vec<Raw> = self
            .query(&command)
            .await
            .map_err(|failure| self.of_history(failure, &key))?;
        let entry = raw.into_iter().find_map(Entry::parse).ok_or_else(|| {
            let text = format!(
                "the history of `{component}` has no entry {n}; it keeps the last {KEPT}, see \
                `history {component}`"
            );
            Failure::new(Code::HistoryMissing, text)
                .of_component(component)
                .at(&self.server)
        })?;
        self.demand_usable(component, &entry)?;
        Ok(entry)
    }

    /// # Errors
    ///
    /// Returns an error if the config of an entry cannot be used.
    pub(crate) fn demand_usable(&self, component: &str, entry: &Entry) -> Result<(), Failure> {
        let Some(problem) = entry.problem else {
            return Ok(());
        };
        let (n, key) = (entry.n, printable(&self.names.history(component)));
        let text = format!(
            "entry {n} under `{key}` cannot be used: {problem}; name another one of `history {component}`, or \
            remove it with XDEL"
        );
        let failure = Failure::new(Code::ConfigInvalid, text);
        Err(failure.of_component(component).at(&self.server))
    }

    /// Returns where a history ends.
    ///
    /// # Errors
    ///
    /// Returns an error if the key is no stream, or may not be read.
    pub(crate) async fn end(&self, component: &str) -> Result<End, Failure> {
        let key = self.names.history(component);
        let kind: String = self.query(redis::cmd("TYPE").arg(&key)).await?;
        if kind == "none" {
            return Ok(End::default());
        }
        if kind != "stream" {
            return Err(self.wrong_type(&key, "the stream of a history"));
        }
        let facts: HashMap<String, redis::Value> = self
            .query(redis::cmd("XINFO").arg("STREAM").arg(&key))
            .await?;
        let id = facts
            .get("last-generated-id")
            .cloned()
            .unwrap_or(redis::Value::Nil);
        let id: String = redis::from_redis_value(id).unwrap_or_default();
        let last = id
            .split_once('-')
            .and_then(|(n, _)| n.parse().ok())
            .unwrap_or(0);
        if last > u64::MAX - MOST_AT_ONCE {
            let text = format!(
                "the history under `{key}` has had the entry {last}, and a stream has no larger number for the \
                next; nothing was written; delete it with DEL, or RENAME it to keep its entries"
            );
            return Err(Failure::new(Code::WrongState, text).at(&self.server));
        }
        let newest = self.entries(component, 1).await?.pop();
        Ok(End { last, newest })
    }

    fn of_history(&self, failure: Failure, key: &str) -> Failure {
        if failure.code == Code::WrongType {
            self.wrong_type(key, "the stream of a history")
        } else {
            failure
        }
    }
}
