//! All that is wrong with the text of a config, as the runtime sees it.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use redis_components::ComponentConfig;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::redact::{HIDDEN, is_shown};
use crate::text::printable;

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    /// Where in the [`Source::shown`] text.
    pub(crate) at: Range<usize>,
}

/// The text of a config, fit to be shown.
#[derive(Debug)]
pub(crate) struct Source {
    /// Without secrets.
    pub(crate) shown: String,
    fields: Vec<Field>,
}

/// A field as it is written, and where it is in the text that is shown.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    value: String,
    name_at: Range<usize>,
    value_at: Range<usize>,
}

impl Source {
    /// Takes a text apart.
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let raw = deserializer.deserialize_map(Fields)?;
        deserializer.end()?;
        let mut shown = String::new();
        let mut copied = 0;
        let mut fields = Vec::new();
        for (name, value) in raw {
            let value_at = range_in(text, value.get());
            let between = &text[copied..value_at.start];
            // A name that is not written as it is read has an escape in it.
            let written = between.rfind(&format!("\"{name}\"")).map(|at| {
                let start = shown.len() + at;
                start..start + name.len() + 2
            });
            shown.push_str(between);
            let start = shown.len();
            if is_shown(&name) && !value.get().contains(['@', '{']) {
                shown.push_str(value.get());
            } else {
                shown.push_str(&format!("\"{HIDDEN}\""));
            }
            copied = value_at.end;
            let value_at = start..shown.len();
            fields.push(Field {
                name,
                value: value.get().to_owned(),
                name_at: written.unwrap_or_else(|| value_at.clone()),
                value_at,
            });
        }
        shown.push_str(&text[copied..]);
        Ok(Self { shown, fields })
    }

    /// Returns where a field's value is, or the whole text.
    pub(crate) fn place_of(&self, names: &[&str]) -> Range<usize> {
        let field = self
            .fields
            .iter()
            .find(|field| names.contains(&&*field.name));
        field.map_or_else(|| self.whole(), |field| field.value_at.clone())
    }

    fn whole(&self) -> Range<usize> {
        let start = self.shown.len() - self.shown.trim_start().len();
        start..self.shown.trim_end().len().max(start)
    }

    /// Returns the line and the column of an offset, from 1.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.shown[..offset.min(self.shown.len())];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// Returns the findings as rustc shows them.
    pub(crate) fn explain(&self, path: &str, findings: &[Finding]) -> String {
        let path = printable(path);
        let renderer = Renderer::styled();
        let reports = findings.iter().map(|finding| {
            let annotation = AnnotationKind::Primary.span(finding.at.clone());
            let snippet = Snippet::source(&self.shown)
                .path(&path)
                .annotation(annotation);
            renderer.render(&[Level::ERROR
                .primary_title(&finding.message)
                .element(snippet)])
        });
        reports.collect::<Vec<_>>().join("\n\n")
    }
}

/// Returns all that is wrong with a text. It has no finding if the runtime takes the text.
pub(crate) fn of(text: &str) -> (Source, Vec<Finding>) {
    let refused = ComponentConfig::from_json(text).err();
    let (source, mut findings) = match Source::read(text) {
        Ok(source) => {
            let findings = refused.as_ref().map(|_| of_fields(&source));
            (source, findings.unwrap_or_default())
        }
        Err(error) => {
            let shown = masked(text);
            let source = Source {
                shown,
                fields: Vec::new(),
            };
            return (source, of_syntax(text, &error, refused));
        }
    };
    if let Some(error) = refused
        && findings.is_empty()
    {
        let (message, field, at) = (error.to_string(), None, source.whole());
        findings.push(Finding { message, field, at });
    }
    findings.sort_by_key(|finding| finding.at.start);
    (source, findings)
}

fn of_syntax(
    text: &str,
    error: &serde_json::Error,
    refused: Option<redis_components::Error>,
) -> Vec<Finding> {
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let offset = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    // The text that is shown has a byte for each byte.
    let start = offset.min(text.trim_end().len().saturating_sub(1));
    let message = refused.map_or_else(
        || "the value is not JSON".to_owned(),
        |error| error.to_string(),
    );
    vec![Finding {
        message,
        field: None,
        at: start..(start + 1).min(text.len()),
    }]
}

/// Reads the fields as the runtime does, again and again without what it refused.
fn of_fields(source: &Source) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut given: Vec<Field> = Vec::new();
    for field in &source.fields {
        if given.iter().any(|other| other.name == field.name) {
            let name = printable(&field.name);
            findings.push(Finding {
                message: format!("`{name}` is given twice"),
                field: Some(name),
                at: field.name_at.clone(),
            });
        } else {
            given.push(field.clone());
        }
    }
    let mut replaced: Vec<String> = Vec::new();
    while let Err(error) = ComponentConfig::from_json(&written(&given)) {
        let message = error.to_string();
        let named = message.split('`').skip(1).step_by(2);
        let mut places = named.filter_map(|name| given.iter().position(|field| field.name == name));
        let Some(place) = places.next() else {
            let meant = |finding: &Finding| finding.message.contains("did you mean");
            if replaced.is_empty() || !findings.iter().any(meant) {
                let at = source.whole();
                findings.push(Finding {
                    message,
                    field: None,
                    at,
                });
            }
            // What else is wrong is said only of a config that names a server.
            let is_tried = replaced.iter().any(|name| name == "host");
            if is_tried || given.iter().any(|field| field.name == "host") {
                break;
            }
            replaced.push("host".to_owned());
            given.push(Field {
                name: "host".to_owned(),
                value: "\"h\"".to_owned(),
                name_at: source.whole(),
                value_at: source.whole(),
            });
            continue;
        };
        let field = &mut given[place];
        let name = field.name.clone();
        if replaced.contains(&name) {
            given.remove(place);
            continue;
        }
        let at = if message.contains("is not a known field") {
            field.name_at.clone()
        } else {
            field.value_at.clone()
        };
        findings.push(Finding {
            message,
            field: Some(printable(&name)),
            at,
        });
        // Without a host or a url, all else would be refused because one is missing.
        match stand_in(&name) {
            Some(value) => value.clone_into(&mut field.value),
            None => drop(given.remove(place)),
        }
        replaced.push(name);
    }
    findings
}

fn stand_in(name: &str) -> Option<&'static str> {
    match name {
        "host" => Some("\"h\""),
        "url" => Some("\"redis://h\""),
        "ssl" => Some("true"),
        _ => None,
    }
}

fn written(fields: &[Field]) -> String {
    let fields = fields.iter().map(|field| {
        let name = serde_json::Value::from(&*field.name);
        format!("{name}:{}", field.value)
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Returns the text with everything replaced that may be a secret. Each byte stays a byte.
fn masked(text: &str) -> String {
    const WORDS: [&str; 12] = [
        "host",
        "port",
        "db",
        "username",
        "password",
        "url",
        "ssl",
        "true",
        "false",
        "null",
        "sentinels",
        "cluster",
    ];
    let mut shown = String::new();
    let is_word = |c: char| !c.is_whitespace() && !"{}[]:,\"'".contains(c);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if is_word(c) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            c.len_utf8()
        };
        let (word, behind) = rest.split_at(length);
        match c {
            _ if is_word(c) && !WORDS.contains(&word) => shown.extend((0..length).map(|_| '*')),
            _ if is_word(c) || c == '\n' || c.is_ascii_punctuation() => shown.push_str(word),
            _ => shown.extend((0..length).map(|_| ' ')),
        }
        rest = behind;
    }
    shown
}

/// Returns where `part` is in `text`, of which it is a part.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// Reads the fields of an object, the same name twice as well.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = access.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    fn messages(text: &str) -> Vec<String> {
        let (source, findings) = of(text);
        let shown = |at: &std::ops::Range<usize>| source.shown[at.clone()].to_owned();
        findings
            .iter()
            .map(|finding| format!("{} | {}", shown(&finding.at), finding.message))
            .collect()
    }

    #[test]
    fn a_text_that_the_runtime_takes_has_no_finding() {
        assert!(messages(r#"{"host": "h", "port": "1", "password": "s3cret"}"#).is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_found_at_once() {
        let found = messages(
            r#"{"hots": "h", "port": "x", "pasword": "s3cret", "db": -1, "db": 2, "socket_timeout": 0}"#,
        );
        let begin = |text: &str| found.iter().any(|finding| finding.starts_with(text));
        assert_eq!(found.len(), 6, "{found:#?}");
        assert!(
            begin(r#""hots" | `hots` is not a known field; did you mean `host`?"#),
            "{found:#?}"
        );
        assert!(begin(r#""x" | `port` must be"#), "{found:#?}");
        assert!(
            begin(r#""pasword" | `pasword` is not a known field"#),
            "{found:#?}"
        );
        assert!(begin("-1 | `db` must be"), "{found:#?}");
        assert!(begin(r#""db" | `db` is given twice"#), "{found:#?}");
        assert!(begin("0 | `socket_timeout` must be"), "{found:#?}");
    }

    #[test]
    fn a_host_that_is_refused_hides_nothing_else() {
        let found = messages(r#"{"host": "0.0.0.0", "port": 0, "url": "redis://h"}"#);
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    #[test]
    fn a_missing_host_is_found() {
        let found = messages(r#" {"port": 1}"#);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with(r#"{"port": 1} | `host` is missing"#),
            "{found:#?}"
        );
    }

    #[test]
    fn wrong_syntax_is_found_where_it_is() {
        let found = messages("{\"host\": \"ü\",\n \"port\" 1}");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("* | the value is not JSON: expected `:`"),
            "{found:#?}"
        );
        assert_eq!(messages("").len(), 1);
        assert_eq!(messages("[]").len(), 1);
        assert_eq!(messages("{").len(), 1);
    }

    #[test]
    fn r8_no_secret_is_shown_beside_a_finding() {
        for text in [
            r#"{"host": "h", "password": "s3cret", "prot": 1}"#,
            r#"{"host": "h", "pasword": "s3cret"}"#,
            r#"{"host": "u:s3cret@h"}"#,
            r#"{"url": "redis://u:s3cret@h/x"}"#,
            r#"{"host": "h", "password": s3cret}"#,
            r#"{"host": "h", "password": "s3cret""#,
            r#"{"host": "h" "password": "s3cret"}"#,
            r#"redis://u:s3cret@h"#,
            r#"{"host": "h", "sentinel_kwargs": {"password": "s3cret"}}"#,
        ] {
            let (source, findings) = of(text);
            assert!(!findings.is_empty(), "{text}");
            let explained = source.explain("f.json", &findings);
            assert!(!explained.contains("s3cret"), "{explained}");
        }
    }
}
