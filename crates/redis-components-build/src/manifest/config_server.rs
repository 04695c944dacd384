use std::ops::Range;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::manifest::table::{Table, Text};

/// The table `[config-server]`.
pub(super) struct ConfigServer {
    pub(super) url: Option<String>,
    pub(super) key_prefix: String,
}

impl Default for ConfigServer {
    fn default() -> Self {
        Self {
            url: None,
            key_prefix: "config:redis:".to_owned(),
        }
    }
}

impl ConfigServer {
    pub(super) fn read(table: &Table<'_>, diagnostics: &mut Diagnostics) -> Self {
        table.check_keys(diagnostics);
        let mut server = Self::default();
        if let Some(url) = table.text("url", diagnostics) {
            check_url(&url, diagnostics);
            server.url = Some(url.value.to_owned());
        }
        if let Some(prefix) = table.text("key-prefix", diagnostics) {
            prefix.value.clone_into(&mut server.key_prefix);
        }
        server
    }
}

/// Masks everything that looks like a password in a url, keeping every other byte in its place.
pub(super) fn without_passwords(text: &str) -> String {
    let mut masked = text.to_owned();
    let starts: Vec<usize> = text.match_indices("://").map(|(at, _)| at).collect();
    for at in starts.into_iter().rev() {
        let end = text[at..]
            .find(|c: char| c.is_whitespace() || c == '"' || c == '\'')
            .map_or(text.len(), |length| at + length);
        if let Some(password) = password(&text[at..end]) {
            let range = at + password.start..at + password.end;
            masked.replace_range(range.clone(), &"*".repeat(range.len()));
        }
    }
    masked
}

fn check_url(url: &Text<'_>, diagnostics: &mut Diagnostics) {
    if password(url.value).is_some() {
        let message = "the config server's url has a password in it";
        let label = "a manifest is no place for secrets";
        diagnostics.error(
            Diagnostic::error(message, &url.spot, label)
                .help("leave the password out here, and give the whole url at run time: in the environment variable `REDIS_CONFIG_URL`, or to `Settings::new`"),
        );
    } else if !url.value.contains("://") {
        let message = "the config server's url has no scheme";
        diagnostics.error(
            Diagnostic::error(message, &url.spot, "not a url")
                .help("for example \"redis://127.0.0.1:6379\""),
        );
    }
}

/// Returns where the password of a url is: after the user's name, or in the query of a unix url.
fn password(url: &str) -> Option<Range<usize>> {
    let authority = url.find("://")? + 3;
    let end = url[authority..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |length| authority + length);
    if let Some(at) = url[authority..end].rfind('@')
        && let Some(colon) = url[authority..authority + at].find(':')
        && colon + 1 < at
    {
        return Some(authority + colon + 1..authority + at);
    }
    // A password with an unescaped `/`, `?` or `#` moves the end of the authority into it.
    if let Some(at) = url[end..].rfind('@')
        && let Some(colon) = url[authority..end].find(':')
        && !url[authority + colon + 1..end]
            .chars()
            .all(|c| c.is_ascii_digit())
    {
        return Some(authority + colon + 1..end + at);
    }
    ["pass=", "password="].iter().find_map(|key| {
        let query = url[end..].find('?')? + end;
        let start = url[query..].find(key)? + query + key.len();
        let end = url[start..]
            .find('&')
            .map_or(url.len(), |length| start + length);
        (start < end).then_some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::{password, without_passwords};

    #[test]
    fn finds_passwords_wherever_a_url_can_have_one() {
        let cases = [
            ("redis://user:secret@host:6379", Some("secret")),
            ("redis://:secret@host", Some("secret")),
            ("redis://:se@cret@host/0", Some("se@cret")),
            ("redis://:se/cret@host/0", Some("se/cret")),
            (
                "unix:///run/redis.sock?db=1&pass=secret&user=u",
                Some("secret"),
            ),
            ("redis://user@host:6379", None),
            ("redis://user:@host:6379", None),
            ("redis://[::1]:6379/0", None),
            ("127.0.0.1:6379", None),
        ];
        for (url, expected) in cases {
            assert_eq!(password(url).map(|range| &url[range]), expected, "{url}");
        }
    }

    #[test]
    fn masking_keeps_every_offset() {
        let text = "url = \"redis://:pässword@host\" # redis://u:x@h";
        let masked = without_passwords(text);
        assert_eq!(masked, "url = \"redis://:*********@host\" # redis://u:*@h");
        assert_eq!(masked.len(), text.len());
    }
}
