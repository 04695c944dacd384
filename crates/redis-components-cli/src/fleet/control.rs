//! The control key: what concerns all components of a fleet.

use hmac_sha256::HMAC;
use redis_components::ComponentConfig;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::unique::is_unique;
use crate::failure::{Code, Failure};
use crate::session::Session;
use crate::values::LONGEST_CONFIG;

/// The parts of the control key. Parts that are not known stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Control(Map<String, Value>);

/// A config that some processes try in place of a component's own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Canary {
    pub(crate) config: Value,
    pub(crate) percent: f64,
    /// Chooses the processes.
    #[serde(default)]
    pub(crate) salt: String,
    /// What [`base_of`] the config is beside which the canary began.
    #[serde(default)]
    pub(crate) base: Option<String>,
}

impl Canary {
    fn to_value(&self) -> Value {
        let Self {
            config,
            percent,
            salt,
            base,
        } = self;
        json!({"config": config, "percent": percent, "salt": salt, "base": base})
    }

    /// Returns `true` if the component's config is still the one beside which the canary began. A
    /// canary that does not say it may have begun beside another.
    pub(crate) fn is_beside(&self, config: &[u8]) -> bool {
        let base = || base_of(config, &self.salt);
        self.base.as_ref().is_some_and(|known| *known == base())
    }

    /// Returns `true` if a process with this instance tries the config.
    ///
    /// Its place is from 0 to 9,999: the first eight bytes of HMAC-SHA-256 of the instance, with the
    /// salt as the key, as a big-endian number, modulo 10,000. As the share grows, none goes back.
    pub(crate) fn is_for(&self, instance: &str) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = HMAC::mac(instance, &self.salt);
        let place = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 10_000;
        let place = u16::try_from(place).unwrap_or_default();
        f64::from(place) < self.percent * 100.0
    }

    /// Returns the meaning of its config.
    pub(crate) fn meaning(&self) -> Option<ComponentConfig> {
        ComponentConfig::from_json(&self.config.to_string()).ok()
    }
}

/// Returns a digest of a config's text, and not of its meaning, so that a comment counts too: the
/// first eight bytes of HMAC-SHA-256 of the text, with the salt as the key, in hexadecimal.
pub(crate) fn base_of(config: &[u8], salt: &str) -> String {
    let [a, b, c, d, e, f, g, h, ..] = HMAC::mac(config, salt);
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

impl Control {
    /// Reads the value of the control key; `None` if it is no JSON object, or a name stands twice in
    /// it.
    pub(crate) fn parse(bytes: Option<&[u8]>) -> Option<Self> {
        let Some(bytes) = bytes else {
            return Some(Self::default());
        };
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(parts)) if is_unique(bytes) => Some(Self(parts)),
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
        let canary = Canary::deserialize(canary).ok()?;
        // Processes leave others out.
        (0.0..=100.0).contains(&canary.percent).then_some(canary)
    }

    /// Returns `true` if a component has a canary, perhaps one that is not understood.
    pub(crate) fn has_canary(&self, component: &str) -> bool {
        let all = self.0.get("canary");
        all.is_some_and(|all| all.get(component).is_some())
    }

    /// Offers a config as the candidate of a component.
    pub(crate) fn prepare(&mut self, component: &str, candidate: Value) {
        self.set_part("prepare", component, Some(candidate));
    }

    /// Takes the candidate of a component away, if it has this id.
    pub(crate) fn withdraw(&mut self, component: &str, id: &str) {
        if self.is_prepared(component, id) {
            self.set_part("prepare", component, None);
        }
    }

    /// Returns the candidate of a component.
    pub(crate) fn candidate(&self, component: &str) -> Option<&Value> {
        self.0.get("prepare")?.get(component)
    }

    /// Returns the candidates of all components.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.get("prepare").and_then(Value::as_object);
        let all = all.into_iter().flatten();
        all.map(|(component, candidate)| (component.as_str(), candidate))
    }

    /// Returns `true` if a component has a candidate with this id.
    pub(crate) fn is_prepared(&self, component: &str, id: &str) -> bool {
        let candidate = self.candidate(component);
        candidate.is_some_and(|candidate| candidate["id"] == id)
    }

    pub(crate) fn set_canary(&mut self, component: &str, canary: Option<&Canary>) {
        self.set_part("canary", component, canary.map(Canary::to_value));
    }

    fn set_part(&mut self, part: &str, component: &str, value: Option<Value>) {
        let mut all = match self.0.remove(part) {
            Some(Value::Object(all)) => all,
            _ => Map::new(),
        };
        match value {
            Some(value) => all.insert(component.to_owned(), value),
            None => all.remove(component),
        };
        if !all.is_empty() {
            self.0.insert(part.to_owned(), all.into());
        }
    }
}

impl Session {
    /// Returns the control key; nothing if it may not be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or the key is no JSON object.
    pub(crate) async fn control(&self) -> Result<Control, Failure> {
        match self.strict_control().await {
            Err(failure) if failure.code == Code::NoRights => Ok(Control::default()),
            control => control,
        }
    }

    /// As [`control`](Self::control), for those to whom a key that may not be read is not the same as
    /// none: who edits it, and who compares digests, which need its salt.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show it, or it is no JSON object.
    pub(crate) async fn strict_control(&self) -> Result<Control, Failure> {
        let key = self.names.fleet();
        let bytes = self.read(&key).await?;
        Control::parse(bytes.as_deref()).ok_or_else(|| {
            let text = format!(
                "the value under `{key}` on {} is no JSON object, or has a name twice, and processes leave it out; mend it, or \
                delete it with DEL: then canaries and candidates end, and the next `set` makes a salt",
                self.server
            );
            Failure::new(Code::ConfigInvalid, text).at(&self.server)
        })
    }

    /// Returns the text of a control key that is to be written.
    ///
    /// # Errors
    ///
    /// Returns an error if processes would not read it.
    pub(crate) fn control_text(&self, control: &Control) -> Result<String, Failure> {
        let text = control.to_json();
        if text.len() <= LONGEST_CONFIG {
            return Ok(text);
        }
        let text = format!(
            "the value under `{}` would have {} bytes, and processes read {LONGEST_CONFIG} at most; shorten the \
            config, or end a canary or move of another component first; nothing was written",
            self.names.fleet(),
            text.len()
        );
        Err(Failure::new(Code::ConfigInvalid, text).at(&self.server))
    }

    /// Returns the failure for a canary that is not the expected one.
    pub(crate) fn canary_differs(&self, component: &str) -> Failure {
        let text = format!(
            "the canary of `{component}` has changed meanwhile; nothing was written; look at it \
            with `canary {component}`, and try again"
        );
        let failure = Failure::new(Code::DigestDiffers, text);
        failure.of_component(component).at(&self.server)
    }

    /// Returns the canary of a component with its digest, if there is one. A component that is
    /// switched off has none.
    pub(crate) fn canary(
        &self,
        control: &Control,
        component: &str,
        is_disabled: bool,
    ) -> Option<(Canary, String)> {
        let canary = control.canary(component).filter(|_| !is_disabled)?;
        let digest = self.digest(&canary.meaning()?);
        Some((canary, digest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Canary, Control};

    #[test]
    fn parts_that_are_not_known_stay() {
        let text = r#"{"canary":{"stats":1},"receipts":{"every":1},"salt":"s","x":[1]}"#;
        let mut control = Control::parse(Some(text.as_bytes())).unwrap();
        assert_eq!((control.salt(), control.canary("stats")), (Some("s"), None));
        let canary = Canary {
            config: json!({"host": "h"}),
            percent: 12.5,
            salt: "c".to_owned(),
            base: None,
        };
        control.set_canary("logs", Some(&canary));
        let again = Control::parse(Some(control.to_json().as_bytes())).unwrap();
        assert_eq!(again.canary("logs"), Some(canary));
        control.set_canary("logs", None);
        assert_eq!(control, Control::parse(Some(text.as_bytes())).unwrap());
        control.set_canary("stats", None);
        assert_eq!(
            control.to_json(),
            r#"{"receipts":{"every":1},"salt":"s","x":[1]}"#
        );
        for text in ["[]", "{", "", r#"{"salt":"a","salt":"b"}"#] {
            assert_eq!(Control::parse(Some(text.as_bytes())), None, "{text}");
        }
    }
}
