//! Under which key a component's config stands.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::component::Declaration;

/// The key of a component under the prefix of the settings, if they have one.
pub(crate) fn of(declaration: &Declaration, prefix: Option<&str>) -> &'static str {
    match prefix {
        Some(prefix) if !declaration.has_own_key => kept(format!("{prefix}{}", declaration.name)),
        _ => declaration.key,
    }
}

/// Keeps a key for as long as components live, which is until the process ends. There are as many as there are components
/// and prefixes.
fn kept(key: String) -> &'static str {
    static KEYS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    // Keys are only ever added.
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
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

    use super::of;
    use crate::component::Declaration;

    #[test]
    fn a_prefix_replaces_that_of_the_manifest_but_no_key_of_its_own() {
        let mut declaration = Declaration {
            name: "logs",
            key: "config:redis:logs",
            has_own_key: false,
            wait: Duration::ZERO,
            connections: 1,
            config_server: None,
        };
        assert_eq!(of(&declaration, None), "config:redis:logs");
        let staging = of(&declaration, Some("staging:"));
        assert_eq!(staging, "staging:logs");
        assert!(std::ptr::eq(staging, of(&declaration, Some("staging:"))));
        declaration.has_own_key = true;
        assert_eq!(of(&declaration, Some("staging:")), "config:redis:logs");
    }
}
