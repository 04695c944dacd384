//! A config that a share of a fleet runs before the others do.

use hmac_sha256::HMAC;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::{ComponentConfig, json};
use crate::config_server::config_text::ConfigText;

/// How finely a share of a fleet is told apart.
const SHARES: u64 = 10_000;

/// A config for a share of the fleet, in the place of the component's own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Canary {
    pub(in crate::config_server) config: ComponentConfig,
    pub(in crate::config_server) text: ConfigText,
    percent: f64,
    salt: String,
}

/// How a canary is written.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    config: &'a RawValue,
    percent: f64,
    #[serde(default)]
    salt: String,
}

impl Canary {
    /// Reads a canary.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, without what stands there.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let Written {
            config,
            percent,
            salt,
        } = json::object(text)
            .ok_or("it is no object with `config` and `percent`, or a field has the wrong type")?;
        if !(0.0..=100.0).contains(&percent) {
            return Err("`percent` is not between 0 and 100".to_owned());
        }
        let text = config.get();
        let config =
            ComponentConfig::from_json(text).map_err(|error| error.message().to_owned())?;
        Ok(Self {
            config,
            text: ConfigText::new(text),
            percent,
            salt,
        })
    }

    #[cfg(test)]
    pub(super) fn share(&self) -> (f64, &str) {
        (self.percent, &self.salt)
    }

    /// Returns `true` if the config is for this instance. As the share grows, no instance goes back.
    pub(in crate::config_server) fn is_for(&self, instance: &str) -> bool {
        place(instance, &self.salt) < self.percent * 100.0
    }
}

/// Returns a number from 0 to 9,999 that is the same in every language: the first eight bytes of
/// HMAC-SHA-256 of the instance, with the salt as the key, as a big-endian number, modulo 10,000.
fn place(instance: &str, salt: &str) -> f64 {
    let [a, b, c, d, e, f, g, h, ..] = HMAC::mac(instance, salt);
    let place = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % SHARES;
    f64::from(u16::try_from(place).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Canary, place};

    fn canary(percent: f64) -> Canary {
        Canary::read(&format!(
            r#"{{"config":{{"host":"h"}},"percent":{percent},"salt":"s"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn r14_other_languages_can_tell_the_same_place() {
        // Python: int.from_bytes(hmac.new(b"s", b"web1-77-a0f3", "sha256").digest()[:8], "big") % 10000
        assert_eq!(place("web1-77-a0f3", "s"), 9916.0);
    }

    #[test]
    fn r14_a_share_is_that_large_and_grows_without_anybody_going_back() {
        let instances: Vec<String> = (0..10_000).map(|n| format!("web-{n}-0000")).collect();
        let mut before: Vec<&String> = Vec::new();
        for percent in [0.0, 0.5, 10.0, 50.0, 100.0] {
            let canary = canary(percent);
            let chosen: Vec<&String> = instances.iter().filter(|one| canary.is_for(one)).collect();
            let expected = percent * 100.0;
            let found = f64::from(u32::try_from(chosen.len()).unwrap());
            assert!(
                (found - expected).abs() <= expected / 5.0,
                "{percent}: {found}"
            );
            assert!(before.iter().all(|one| chosen.contains(one)));
            before = chosen;
        }
    }

    #[test]
    fn what_is_no_canary_is_refused() {
        for text in [
            "1",
            "{}",
            r#"{"config":{"host":"h"}}"#,
            r#"{"config":{"host":"h"},"percent":101}"#,
            r#"{"config":{"host":"h"},"percent":-1}"#,
            r#"{"config":{"hots":"h"},"percent":1}"#,
            r#"{"config":"h","percent":1}"#,
        ] {
            assert!(Canary::read(text).is_err(), "{text}");
        }
    }
}
