//! The declaration of a component in `components.toml`.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::fork::PerProcess;

/// A component as `components.toml` declares it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Declaration {
    /// The component's name.
    pub name: &'static str,
    /// The key of its config on the config server.
    pub key: &'static str,
    /// The prefix of keys that the manifest gives, or else the default. The key begins with it,
    /// unless the manifest gives the key itself.
    pub key_prefix: &'static str,
    /// Whether the manifest gives the key itself. The settings' prefix does not change such a key.
    pub has_own_key: bool,
    /// How long a config is used without asking the config server again.
    pub wait: Duration,
    /// How many multiplexed sockets a client has on each runtime.
    pub connections: usize,
    /// The manifest's config server. It is used if neither the code nor the environment names one.
    pub config_server: Option<&'static str>,
}

impl Declaration {
    /// Returns the key of the component's config under the prefix of the settings, if they have
    /// one.
    pub(crate) fn key_under(&self, prefix: Option<&str>) -> &'static str {
        match prefix {
            Some(prefix) if !self.has_own_key => interned(format!("{prefix}{}", self.name)),
            _ => self.key,
        }
    }
}

/// Keeps a key until the process ends, as long as components live. There are as many keys as there
/// are pairs of a component and a prefix.
fn interned(key: String) -> &'static str {
    static KEYS: PerProcess<Mutex<BTreeSet<&'static str>>> = PerProcess::new();
    // Keys are only ever added.
    let mut keys = KEYS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = keys.get(key.as_str()) {
        return known;
    }
    let key: &'static str = key.leak();
    keys.insert(key);
    key
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Declaration;

    #[test]
    fn a_prefix_replaces_that_of_the_manifest_but_no_key_of_its_own() {
        let mut declaration = Declaration {
            name: "logs",
            key: "config:redis:logs",
            key_prefix: "config:redis:",
            has_own_key: false,
            wait: Duration::ZERO,
            connections: 1,
            config_server: None,
        };
        assert_eq!(declaration.key_under(None), "config:redis:logs");
        let staging = declaration.key_under(Some("staging:"));
        assert_eq!(staging, "staging:logs");
        assert!(std::ptr::eq(
            staging,
            declaration.key_under(Some("staging:"))
        ));
        declaration.has_own_key = true;
        assert_eq!(declaration.key_under(Some("staging:")), "config:redis:logs");
    }
}
