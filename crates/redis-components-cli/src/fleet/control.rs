//! The control key: what concerns all components of a fleet.

use redis_components::ComponentConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::{Code, Failure};
use crate::session::Session;

/// The parts of the control key. Parts that are not known stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Control(Map<String, Value>);

/// A config that some processes try in place of a component's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Canary {
    pub(crate) config: Value,
    pub(crate) percent: f64,
    /// Chooses the processes.
    pub(crate) salt: String,
}

impl Control {
    /// Reads the value of the control key; `None` if it is no JSON object.
    pub(crate) fn parse(bytes: Option<&[u8]>) -> Option<Self> {
        let Some(bytes) = bytes else {
            return Some(Self::default());
        };
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(parts)) => Some(Self(parts)),
            _ => None,
        }
    }

    pub(crate) fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Returns the key of digests, if there is one.
    pub(crate) fn salt(&self) -> Option<&str> {
        self.0.get("salt")?.as_str()
    }

    pub(crate) fn set_salt(&mut self, salt: &str) {
        self.0.insert("salt".to_owned(), salt.into());
    }

    /// Returns the canary of a component, if there is one that is understood.
    pub(crate) fn canary(&self, component: &str) -> Option<Canary> {
        let canary = self.0.get("canary")?.get(component)?;
        Canary::deserialize(canary).ok()
    }
}

impl Session {
    /// Returns the control key; nothing if it may not be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or the key is no JSON object.
    pub(crate) async fn control(&self) -> Result<Control, Failure> {
        let key = self.names.fleet();
        let bytes = match self.read(&key).await {
            Err(failure) if failure.code == Code::NoRights => None,
            bytes => bytes?,
        };
        Control::parse(bytes.as_deref()).ok_or_else(|| {
            let text = format!("the value under `{key}` is no JSON object; mend or delete it");
            Failure::new(Code::ConfigInvalid, text).at(&self.server)
        })
    }

    /// Returns the digest of a component's canary, if there is one.
    pub(crate) fn canary_digest(&self, control: &Control, component: &str) -> Option<String> {
        let canary = control.canary(component)?;
        let config = ComponentConfig::from_json(&canary.config.to_string()).ok()?;
        Some(self.digest(&config))
    }
}

#[cfg(test)]
mod tests {
    use super::Control;

    #[test]
    fn parts_that_are_not_known_stay() {
        let text = r#"{"canary":{"stats":1},"receipts":{"every":1},"salt":"s","x":[1]}"#;
        let mut control = Control::parse(Some(text.as_bytes())).unwrap();
        assert_eq!((control.salt(), control.canary("stats")), (Some("s"), None));
        control.set_salt("t");
        let changed = text.replace("\"s\"", "\"t\"");
        assert_eq!(control.to_json(), changed);
        for text in ["[]", "{", ""] {
            assert_eq!(Control::parse(Some(text.as_bytes())), None, "{text}");
        }
    }
}
