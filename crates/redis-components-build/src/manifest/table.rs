use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::{Spot, TextFile, quoted};
use crate::nearest::nearest;

use crate::manifest::keys::{Key, Shape};

/// A table of the manifest, and its place.
pub(super) struct Table<'a> {
    file: &'a Arc<TextFile>,
    entries: &'a DeTable<'a>,
    path: Vec<&'a str>,
    keys: &'static [Key],
}

/// A string of the manifest and its place.
pub(super) struct Text<'a> {
    pub(super) value: &'a str,
    pub(super) spot: Spot,
}

impl<'a> Table<'a> {
    pub(super) fn root(
        file: &'a Arc<TextFile>,
        entries: &'a DeTable<'a>,
        keys: &'static [Key],
    ) -> Self {
        Self {
            file,
            entries,
            path: Vec::new(),
            keys,
        }
    }

    /// Reports unknown keys.
    pub(super) fn check_keys(&self, diagnostics: &mut Diagnostics) {
        let names = || self.keys.iter().map(|key| key.name);
        for key in self.entries.keys() {
            if names().any(|name| name == key.get_ref()) {
                continue;
            }
            let message = format!("unknown key {} in {}", quoted(key.get_ref()), self.name());
            let mut error = Diagnostic::error(message, &self.spot(key), "not a key of this table");
            let similar = nearest(key.get_ref(), names());
            if let Some(similar) = similar.and_then(|name| self.key_of(name)) {
                error = error.help(format!(
                    "a key with a similar name exists: `{}`, {}",
                    similar.name, similar.about
                ));
            }
            let known: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            diagnostics.error(error.note(format!("the known keys are {}", known.join(", "))));
        }
    }

    /// Returns the entries, in the order of the file.
    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (Text<'a>, &'a Spanned<DeValue<'a>>)> + use<'a, '_> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| (self.key(key), value))
    }

    pub(super) fn table(&self, key: &'a str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let (_, value) = self.get(key)?;
        let keys = self.key_of(key).map_or(&[][..], |key| key.shape.keys());
        self.as_table(key, value, keys, diagnostics)
    }

    /// Reads the entries of this table as tables. Its keys are names.
    pub(super) fn tables(&self, diagnostics: &mut Diagnostics) -> Vec<(Text<'a>, Option<Self>)> {
        self.entries()
            .map(|(name, value)| {
                let table = self.as_table(name.value, value, self.keys, diagnostics);
                (name, table)
            })
            .collect()
    }

    fn as_table(
        &self,
        key: &'a str,
        value: &'a Spanned<DeValue<'a>>,
        keys: &'static [Key],
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let DeValue::Table(entries) = value.get_ref() else {
            self.unwanted(key, "a table", value, &found(value), diagnostics);
            return None;
        };
        let mut path = self.path.clone();
        path.push(key);
        Some(Table {
            file: self.file,
            entries,
            path,
            keys,
        })
    }

    pub(super) fn text(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<Text<'a>> {
        let (_, value) = self.get(key)?;
        self.as_text(key, value, diagnostics)
    }

    /// Reads a value that has to be one of a key's words.
    pub(super) fn word(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<&'static str> {
        let (_, value) = self.get(key)?;
        let Some(Shape::OneOf(words)) = self.key_of(key).map(|key| &key.shape) else {
            return None;
        };
        let word = match value.get_ref() {
            DeValue::String(text) => words.iter().find(|word| **word == text.as_ref()).copied(),
            _ => None,
        };
        if word.is_none() {
            self.wrong_value(key, value, diagnostics);
        }
        word
    }

    /// Returns `true` if a key accepts a number.
    pub(super) fn allows(&self, key: &str, number: u64) -> bool {
        matches!(
            self.key_of(key).map(|key| &key.shape),
            Some(Shape::Count(least, most)) if (*least..=*most).contains(&number)
        )
    }

    /// Reads the value of this key, or a value inside of it, as a string.
    pub(super) fn as_text(
        &self,
        key: &str,
        value: &'a Spanned<DeValue<'a>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Text<'a>> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, value, diagnostics);
            return None;
        };
        Some(Text {
            value: text,
            spot: self.file.spot(value.span()),
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<(Spot, &'a Spanned<DeValue<'a>>)> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some((self.spot(key), value))
    }

    pub(super) fn wrong_type(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        diagnostics: &mut Diagnostics,
    ) {
        self.unwanted(key, &self.wanted(key), value, &found(value), diagnostics);
    }

    /// Reports a value that a key does not accept, whatever its type.
    pub(super) fn wrong_value(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        diagnostics: &mut Diagnostics,
    ) {
        let has_type = matches!(
            (self.key_of(key).map(|key| &key.shape), value.get_ref()),
            (Some(Shape::Count(..)), DeValue::Integer(_))
                | (Some(Shape::OneOf(_)), DeValue::String(_))
        );
        if has_type {
            let wanted = self.wanted(key);
            self.unwanted(key, &wanted, value, "not one of these", diagnostics);
        } else {
            self.wrong_type(key, value, diagnostics);
        }
    }

    fn unwanted(
        &self,
        key: &str,
        wanted: &str,
        value: &Spanned<DeValue<'_>>,
        label: &str,
        diagnostics: &mut Diagnostics,
    ) {
        diagnostics.error(Diagnostic::error(
            format!("{} in {} has to be {wanted}", quoted(key), self.name()),
            &self.file.spot(value.span()),
            label,
        ));
    }

    fn wanted(&self, key: &str) -> String {
        self.key_of(key)
            .map(|key| key.shape.wanted())
            .unwrap_or_default()
    }

    fn key_of(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    fn name(&self) -> String {
        if self.path.is_empty() {
            quoted(&self.file.path)
        } else {
            quoted(&format!("[{}]", self.path.join(".")))
        }
    }

    fn key(&self, key: &'a Spanned<DeString<'a>>) -> Text<'a> {
        Text {
            value: key.get_ref(),
            spot: self.spot(key),
        }
    }

    fn spot<T>(&self, spanned: &Spanned<T>) -> Spot {
        self.file.spot(spanned.span())
    }
}

fn found(value: &Spanned<DeValue<'_>>) -> String {
    let found = value.get_ref().type_str();
    let article = if found.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("this is {article} {found}")
}

/// Finds the key with this name in a document, at any depth, if there is only one.
pub(super) fn only_key(document: &DeTable<'_>, name: &str) -> Option<Range<usize>> {
    let mut found = Vec::new();
    collect_keys(document, name, &mut found);
    match found.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn collect_keys(table: &DeTable<'_>, name: &str, found: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        if key.get_ref() == name {
            found.push(key.span());
        }
        if let DeValue::Table(inner) = value.get_ref() {
            collect_keys(inner, name, found);
        }
    }
}
