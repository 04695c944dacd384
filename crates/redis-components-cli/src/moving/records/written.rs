//! How the configs of a move stand, and how a config is written that somebody has changed.

use redis_components::ComponentConfig;
use serde_json::{Map, Value};

use crate::failure::{Code, Failure};
use crate::moving::records::plan::fields;
use crate::moving::records::record::Record;
use crate::redact;
use crate::session::Session;

/// How the configs of a move stand.
#[derive(Debug)]
pub(crate) enum Written {
    /// All are the old ones.
    Old,
    /// All are the new ones.
    New,
    /// One is neither.
    Other(Other),
}

/// A config that is neither the one that a move leaves nor the one that it writes.
#[derive(Debug)]
pub(crate) struct Other {
    pub(crate) component: String,
    found: Vec<u8>,
}

impl Session {
    /// Looks at the configs of all components of a move.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show one.
    pub(crate) async fn written(&self, record: &Record) -> Result<Written, Failure> {
        let mut committed = 0;
        for component in record.components() {
            let found = self.read(&self.names.key(component)).await?;
            let found = found.unwrap_or_default();
            if means(&found, record.new.get(component)) {
                committed += 1;
            } else if !means(&found, record.old.get(component)) {
                let component = component.to_owned();
                return Ok(Written::Other(Other { component, found }));
            }
        }
        Ok(match committed == record.old.len() {
            true => Written::New,
            false => Written::Old,
        })
    }

    /// Returns `true` if the configs of all components are the new ones, and `false` if all are the
    /// old ones.
    ///
    /// # Errors
    ///
    /// Returns an error if somebody has written others.
    pub(crate) async fn is_committed(&self, record: &Record) -> Result<bool, Failure> {
        match self.written(record).await? {
            Written::New => Ok(true),
            Written::Old => Ok(false),
            Written::Other(other) => {
                let [old, new] = other.servers(record);
                let [to_old, to_new] = other.commands(record);
                let advice = format!(
                    "if {old} has the data, write its config with `{to_old}`, and if {new} has it, with `{to_new}`"
                );
                Err(other.failure(self, record, &advice))
            }
        }
    }
}

impl Other {
    /// Returns the failure of a move with such a config.
    pub(crate) fn failure(&self, session: &Session, record: &Record, advice: &str) -> Failure {
        let component = &*self.component;
        let [old, new] = self.servers(record);
        let what = match self.found.is_empty() {
            true => format!("gone; the move leaves that of {old}, and goes to that of {new}"),
            false => format!(
                "neither that of {old}, which the move leaves, nor that of {new}, to which it goes"
            ),
        };
        let text = format!("the config of `{component}` is {what}; {advice}");
        let failure = Failure::new(Code::MustDecide, text).of_component(component);
        failure.at(&session.server)
    }

    fn texts<'a>(&self, record: &'a Record) -> [&'a str; 2] {
        [&record.old, &record.new]
            .map(|configs| configs.get(&self.component).map_or("{}", String::as_str))
    }

    /// Returns the servers of the config that the move leaves, and of the one that it writes.
    pub(crate) fn servers(&self, record: &Record) -> [String; 2] {
        self.texts(record).map(|text| {
            let config = ComponentConfig::from_json(text);
            config.map_or_else(|_| "a server".to_owned(), |config| config.address())
        })
    }

    /// Returns the commands that write the config that the move leaves, and the one that it writes.
    pub(crate) fn commands(&self, record: &Record) -> [String; 2] {
        self.texts(record).map(|text| self.command(&fields(text)))
    }

    fn command(&self, wanted: &Map<String, Value>) -> String {
        let found: Map<String, Value> = serde_json::from_slice(&self.found).unwrap_or_default();
        let mut words = vec!["set".to_owned(), self.component.clone()];
        for (name, value) in wanted {
            let is_place = ["host", "port"].contains(&&**name);
            if is_place || found.get(name) != Some(value) {
                words.push(assignment(name, value));
            }
        }
        let is_left = |name: &&String| !wanted.contains_key(*name) && **name != "comment";
        let removed = found.keys().filter(is_left);
        words.extend(removed.map(|name| format!("{name}=")));
        if self.found.is_empty() {
            words.push("--create".to_owned());
        }
        words.join(" ")
    }
}

/// Returns how a field is given to `set`. It asks for a secret.
fn assignment(name: &str, value: &Value) -> String {
    if redact::field(name, value) != *value {
        return format!("{name}=-");
    }
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:/-".contains(c);
    match text.chars().all(is_plain) {
        true => format!("{name}={text}"),
        false => format!("{name}='{}'", text.replace('\'', r"'\''")),
    }
}

/// Returns `true` if a value is this config, perhaps in other words.
fn means(found: &[u8], config: Option<&String>) -> bool {
    let Some(config) = config else {
        return false;
    };
    let read = |text: &str| ComponentConfig::from_json(text).ok();
    found == config.as_bytes()
        || str::from_utf8(found)
            .ok()
            .and_then(read)
            .is_some_and(|found| read(config) == Some(found))
}
