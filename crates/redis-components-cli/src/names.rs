//! The keys on the config server.

use std::collections::BTreeMap;

use crate::failure::{Code, Failure};
use crate::text::{nearest, printable};

const DEFAULT_PREFIX: &str = "config:redis:";
const HISTORY: &str = "redis-components:history:";
/// What the keys of moves begin with.
pub(crate) const MOVES: &str = "redis-components:move:";
/// No component has a name that begins with `@`.
const FLEET: &str = "@fleet";

/// How configs are named on a config server.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) prefix: String,
    /// The keys of the components that the manifest declares; `None` stands for prefix and name.
    declared: BTreeMap<String, Option<String>>,
}

impl Names {
    pub(crate) fn new(prefix: Option<String>, declared: BTreeMap<String, Option<String>>) -> Self {
        Self {
            prefix: prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
            declared,
        }
    }

    /// Returns the key of a component's config.
    pub(crate) fn key(&self, component: &str) -> String {
        match self.declared.get(component) {
            Some(Some(key)) => key.clone(),
            _ => format!("{}{component}", self.prefix),
        }
    }

    /// Returns the name of the component with this key.
    pub(crate) fn component<'a>(&self, key: &'a str) -> Option<&'a str> {
        let name = key.strip_prefix(&self.prefix)?;
        is_name(name).then_some(name)
    }

    /// Returns the key of a component's history.
    ///
    /// Environments that share a config server by different prefixes have different histories.
    pub(crate) fn history(&self, component: &str) -> String {
        let key = self.key(component);
        if key == format!("{DEFAULT_PREFIX}{component}") {
            format!("{HISTORY}{component}")
        } else {
            format!("{HISTORY}{key}")
        }
    }

    /// Returns the key of the record of a component's move. Environments have their own, as of histories.
    pub(crate) fn record(&self, component: &str) -> String {
        if self.prefix == DEFAULT_PREFIX {
            format!("{MOVES}{component}")
        } else {
            format!("{MOVES}{}{component}", self.prefix)
        }
    }

    /// Returns the key of what concerns all components.
    pub(crate) fn fleet(&self) -> String {
        format!("{}{FLEET}", self.prefix)
    }

    pub(crate) fn declared(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }

    /// Returns what all keys of configs begin with.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let own = self.declared.values().flatten().map(String::as_str);
        let own = own.filter(|key| !key.starts_with(&self.prefix));
        own.chain([&*self.prefix])
    }

    /// Returns the pattern of the keys with the prefix, for `SCAN`.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for c in self.prefix.chars() {
            if r"*?[]\^".contains(c) {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern + "*"
    }
}

/// Returns `true` if a component can have this name.
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns the failure for a component that nobody knows, with the name that was probably meant.
pub(crate) fn unknown<'a>(component: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<_> = known.collect();
    let hint = match nearest(component, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "the config server knows no component".to_owned(),
        None => format!("the components are {}", known.join(", ")),
    };
    let shown = printable(component);
    let message = format!("there is no component `{shown}`; {hint}");
    Failure::new(Code::UnknownComponent, message).of_component(component)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Names;

    #[test]
    fn keys_and_components_are_found_from_each_other() {
        let own = Some("elsewhere".to_owned());
        let names = Names::new(None, BTreeMap::from([("logs".to_owned(), own)]));
        assert_eq!(names.key("stats"), "config:redis:stats");
        assert_eq!(names.key("logs"), "elsewhere");
        assert_eq!(names.component("config:redis:stats"), Some("stats"));
        assert_eq!(names.component("config:redis:@fleet"), None);
        assert_eq!(names.component("other"), None);
        assert_eq!(names.history("stats"), "redis-components:history:stats");
        assert_eq!(names.history("logs"), "redis-components:history:elsewhere");
    }

    #[test]
    fn environments_have_moves_of_their_own() {
        let of = |prefix: Option<&str>| {
            let names = Names::new(prefix.map(str::to_owned), BTreeMap::new());
            names.record("logs")
        };
        assert_eq!(of(None), "redis-components:move:logs");
        assert_eq!(of(Some("stg:")), "redis-components:move:stg:logs");
    }

    #[test]
    fn a_prefix_is_no_pattern() {
        let names = Names::new(Some("a*[b]:".to_owned()), BTreeMap::new());
        assert_eq!(names.pattern(), r"a\*\[b\]:*");
    }
}
