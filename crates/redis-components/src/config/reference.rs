//! A value that stands elsewhere: in the environment, in a file, or with the application.

use std::fmt;

use serde_json::{Map, Value, json};

use super::path::{UNPRINTABLE, WrittenPath, absolute};
use crate::error::text::{is_unprintable, printable};

/// Where a value stands that is not in the config. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// The environment variable of that name.
    Env(String),
    /// The file at that path.
    File(WrittenPath),
    /// The application's provider of that name.
    Provider(String),
}

/// A value, or where it stands.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Written<T> {
    Here(T),
    Elsewhere(Reference),
}

const ENV: &str = "env";
const FILE: &str = "file";
const PROVIDER: &str = "provider";
const KEYS: [&str; 3] = [ENV, FILE, PROVIDER];

pub(super) const FORM: &str =
    "{\"env\": \"NAME\"}, {\"file\": \"/path\"} or {\"provider\": \"name\"}";

impl Reference {
    /// Reads the reference in the field `name`.
    ///
    /// # Errors
    ///
    /// Returns the reason and what to write instead. It contains no value.
    pub(super) fn read(name: &str, object: &Map<String, Value>) -> Result<Self, String> {
        let mut fields = object.iter();
        let Some((key, value)) = fields.next() else {
            return Err(format!("`{name}` is an empty reference; write {FORM}"));
        };
        if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let shown = if is_word(unknown) {
                format!("has `{unknown}`, which refers")
            } else {
                "has a name that refers".to_owned()
            };
            let hint = nearest(unknown).map_or_else(
                || format!("write {FORM}"),
                |key| format!("did you mean `{key}`?"),
            );
            return Err(format!("`{name}` {shown} to nothing; {hint}"));
        }
        if let Some((other, _)) = fields.next() {
            return Err(format!(
                "`{name}` gives both `{key}` and `{other}`; keep one of them"
            ));
        }
        let text = value
            .as_str()
            .ok_or_else(|| format!("`{name}` gives `{key}`, which must be text in quotes"))?;
        if text.is_empty() {
            return Err(format!("`{name}` gives an empty `{key}`; write {FORM}"));
        }
        if key == FILE {
            return absolute(text)
                .map(Self::File)
                .map_err(|wrong| format!("`{name}` gives `{key}`, which {wrong}"));
        }
        if key == PROVIDER {
            return match text.contains(is_unprintable) {
                false => Ok(Self::Provider(text.to_owned())),
                true => Err(format!("`{name}` gives `{key}`, which {UNPRINTABLE}")),
            };
        }
        if text.contains(is_unprintable) || text.contains('=') {
            return Err(format!(
                "`{name}` gives `{key}`, which is no name of an environment variable"
            ));
        }
        Ok(Self::Env(text.to_owned()))
    }

    /// Returns the object that means the reference.
    pub(super) fn write(&self) -> Value {
        match self {
            Self::Env(name) => json!({ENV: name}),
            Self::File(path) => json!({FILE: path.to_string_lossy()}),
            Self::Provider(name) => json!({PROVIDER: name}),
        }
    }
}

/// For people.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {}", printable(name)),
            Self::File(path) => write!(f, "the file {}", printable(&path.to_string_lossy())),
            Self::Provider(name) => write!(f, "the provider {}", printable(name)),
        }
    }
}

/// Shows what stands here, or where it stands.
impl<T: fmt::Debug> fmt::Debug for Written<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(value) => value.fmt(f),
            Self::Elsewhere(reference) => reference.fmt(f),
        }
    }
}

/// Returns `true` for what may be a name of a way to refer. Anything else may be a secret in the
/// wrong place, and is not shown.
fn is_word(name: &str) -> bool {
    name.len() <= 16 && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn nearest(name: &str) -> Option<&'static str> {
    const LONGEST: usize = 32;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.trim().to_lowercase();
    let distances = KEYS.map(|key| (strsim::damerau_levenshtein(&name, key), key));
    let nearest = distances.into_iter().min_by_key(|(errors, _)| *errors);
    nearest
        .filter(|(errors, _)| *errors <= 2)
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Reference;

    fn read(value: &Value) -> Result<Reference, String> {
        Reference::read("password", value.as_object().unwrap())
    }

    #[test]
    fn r8_a_reference_is_written_as_it_was_read() {
        for value in [
            json!({"env": "PW"}),
            json!({"file": "/run/secrets/x"}),
            json!({"provider": "aws"}),
        ] {
            assert_eq!(read(&value).unwrap().write(), value);
        }
    }

    #[test]
    fn r8_what_is_no_reference_is_refused_without_its_value() {
        for (value, reason) in [
            (
                json!({}),
                "`password` is an empty reference; write {\"env\"",
            ),
            (
                json!({"fille": "S3cret"}),
                "has `fille`, which refers to nothing; did you mean `file`?",
            ),
            (json!({"envv": "S3cret"}), "did you mean `env`?"),
            (
                json!({"vault": "S3cret"}),
                "has `vault`, which refers to nothing; write {",
            ),
            (
                json!({"env": "S3cret", "file": "/S3cret"}),
                "gives both `env` and `file`; keep one",
            ),
            (
                json!({"env": "S3cret", "default": "S3cret"}),
                "has `default`",
            ),
            (
                json!({"file": "run/S3cret"}),
                "`file`, which is no absolute path; begin it with `/`",
            ),
            (
                json!({"file": "/S3cret\n"}),
                "`file`, which has a character in it that is not shown",
            ),
            (json!({"file": ""}), "gives an empty `file`"),
            (json!({"env": ""}), "gives an empty `env`"),
            (
                json!({"env": "S3cret=x"}),
                "no name of an environment variable",
            ),
            (
                json!({"env": "S3cret\0"}),
                "no name of an environment variable",
            ),
            (
                json!({"provider": "S3cret\n"}),
                "`provider`, which has a character",
            ),
            (json!({"provder": "S3cret"}), "did you mean `provider`?"),
            (
                json!({"S3cret": "x"}),
                "`password` has a name that refers to nothing; write {",
            ),
            (json!({"env": 1}), "`env`, which must be text in quotes"),
            (
                json!({"file": null}),
                "`file`, which must be text in quotes",
            ),
        ] {
            let refused = read(&value).unwrap_err();
            assert!(refused.contains(reason), "{value}: {refused}");
            assert!(!refused.contains("S3cret"), "{refused}");
        }
    }
}
