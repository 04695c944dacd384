//! Secrets of a config in a place that is shown: the reason of a change, and fields that are notes.

use serde_json::{Map, Value};

use crate::redact::is_shown;

/// A shorter value stands in other words by chance.
const SHORTEST: usize = 6;

/// Returns the name of the field whose secret value stands in `text`.
pub(crate) fn secret_in(text: &str, config: &str) -> Option<String> {
    let config: Map<String, Value> = serde_json::from_str(config).ok()?;
    let text = text.to_lowercase();
    let mut secrets = secrets(&config);
    secrets.find_map(|(name, value)| {
        let repeats = text.contains(&value.to_lowercase());
        repeats.then(|| name.to_owned())
    })
}

/// Returns the fields that are shown and hold the value of one that is not: both names.
pub(crate) fn shown_secrets(config: &str) -> Vec<(String, String)> {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(config) else {
        return Vec::new();
    };
    let notes = fields.iter().filter_map(|(name, value)| {
        let is_note = name.starts_with("x-") || name == "comment";
        let text = value.as_str().filter(|_| is_note && is_shown(name))?;
        Some((name.clone(), secret_in(text, config)?))
    });
    notes.collect()
}

/// Returns the names of the fields that hold a secret themselves, and no reference to one.
pub(crate) fn secrets_of(config: &str) -> Vec<String> {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(config) else {
        return Vec::new();
    };
    let secret = fields.iter().filter(|(name, value)| match value.as_str() {
        None => false,
        Some(url) if *name == "url" => password_of(url).is_some(),
        Some(_) => !is_shown(name),
    });
    secret.map(|(name, _)| name.clone()).collect()
}

/// Returns the values that no command shows.
fn secrets(config: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    config.iter().filter_map(|(name, value)| {
        let value = match (name.as_str(), value.as_str()?) {
            ("url", url) => password_of(url)?,
            (name, _) if is_shown(name) => return None,
            (_, value) => value,
        };
        (value.chars().count() >= SHORTEST).then_some((name.as_str(), value))
    })
}

fn password_of(url: &str) -> Option<&str> {
    let (login, _) = url.split_once("://")?.1.rsplit_once('@')?;
    Some(login.split_once(':')?.1)
}

#[cfg(test)]
mod tests {
    use super::{secret_in, shown_secrets};

    #[test]
    fn r8_a_secret_is_found_in_what_is_shown() {
        let config = r#"{"host": "h", "password": "S3cretZ", "x-token": "t0k3n-7", "x-note": "with s3cretz"}"#;
        assert_eq!(secret_in("to S3CRETZ", config).as_deref(), Some("password"));
        assert_eq!(secret_in("t0k3n-7", config).as_deref(), Some("x-token"));
        assert_eq!(secret_in("to h, with a password", config), None);
        let shown = ("x-note".to_owned(), "password".to_owned());
        assert_eq!(shown_secrets(config), [shown]);
        let url = r#"{"url": "redis://u:S3cretZ@h", "comment": "mine"}"#;
        assert_eq!(secret_in("was S3cretZ", url).as_deref(), Some("url"));
        assert_eq!(shown_secrets(url), []);
        let short = r#"{"host": "h", "password": "move"}"#;
        assert_eq!(secret_in("a move", short), None);
        let reference = r#"{"host": "h", "password": {"file": "/run/secret"}}"#;
        assert_eq!(secret_in("from /run/secret", reference), None);
    }
}
