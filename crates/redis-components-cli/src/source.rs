//! The text of a config, taken apart and shown without its secrets.

use std::fmt;
use std::ops::Range;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::redact::{HIDDEN, is_shown};

/// The text of a config, fit to be shown.
#[derive(Debug)]
pub(crate) struct Source {
    /// Without secrets.
    pub(crate) shown: String,
    pub(crate) fields: Vec<Field>,
}

/// A field as it is written, and where it is in the text that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) name_at: Range<usize>,
    pub(crate) value_at: Range<usize>,
}

impl Source {
    /// Takes a text apart.
    ///
    /// # Errors
    ///
    /// Returns an error if it is no JSON object.
    pub(crate) fn read(text: &str) -> Result<Self, serde_json::Error> {
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

    /// Takes a text that is no JSON object as it is.
    pub(crate) fn broken(text: &str) -> Self {
        Self {
            shown: masked(text),
            fields: Vec::new(),
        }
    }

    /// Returns where a field's value is, or the whole text.
    pub(crate) fn place_of(&self, names: &[&str]) -> Range<usize> {
        let field = self
            .fields
            .iter()
            .find(|field| names.contains(&&*field.name));
        field.map_or_else(|| self.whole(), |field| field.value_at.clone())
    }

    /// Returns where the text is, without white space around it.
    pub(crate) fn whole(&self) -> Range<usize> {
        let start = self.shown.len() - self.shown.trim_start().len();
        start..self.shown.trim_end().len().max(start)
    }

    /// Returns the line and the column of an offset, from 1.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.shown[..offset.min(self.shown.len())];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
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
