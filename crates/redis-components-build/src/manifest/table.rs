use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::diagnostics::{Diagnostic, Diagnostics, Spot, TextFile, quoted};
use crate::nearest::nearest;

/// A table of the manifest, and where it is.
pub(super) struct Table<'a> {
    file: &'a Arc<TextFile>,
    entries: &'a DeTable<'a>,
    path: Vec<&'a str>,
}

/// A string of the manifest and its place.
pub(super) struct Text<'a> {
    pub(super) value: &'a str,
    pub(super) spot: Spot,
}

impl<'a> Table<'a> {
    pub(super) fn root(file: &'a Arc<TextFile>, entries: &'a DeTable<'a>) -> Self {
        Self {
            file,
            entries,
            path: Vec::new(),
        }
    }

    /// Reports the keys that are not among the known ones.
    pub(super) fn check_keys(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        for key in self.entries.keys() {
            if known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            let message = format!("unknown key {} in {}", quoted(key.get_ref()), self.name());
            let mut error = Diagnostic::error(message, &self.spot(key), "not a key of this table");
            if let Some(similar) = nearest(key.get_ref(), known.iter().copied()) {
                error = error.help(format!("a key with a similar name exists: `{similar}`"));
            }
            let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            diagnostics.error(error.note(format!("the known keys are {}", known.join(", "))));
        }
    }

    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (Text<'a>, &'a Spanned<DeValue<'a>>)> + use<'a, '_> {
        self.entries
            .iter()
            .map(|(key, value)| (self.key(key), value))
    }

    pub(super) fn table(&self, key: &'a str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let (_, value) = self.get(key)?;
        self.as_table(key, value, diagnostics)
    }

    /// Reads an entry of this table as a table.
    pub(super) fn as_table(
        &self,
        key: &'a str,
        value: &'a Spanned<DeValue<'a>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type(key, "a table", value, diagnostics);
            return None;
        };
        let mut path = self.path.clone();
        path.push(key);
        Some(Table {
            file: self.file,
            entries,
            path,
        })
    }

    pub(super) fn text(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<Text<'a>> {
        let (_, value) = self.get(key)?;
        self.as_text(key, "a string", value, diagnostics)
    }

    /// Reads a value as a string; `wanted` says in the error what was expected.
    pub(super) fn as_text(
        &self,
        key: &str,
        wanted: &str,
        value: &'a Spanned<DeValue<'a>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Text<'a>> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, wanted, value, diagnostics);
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
        wanted: &str,
        value: &Spanned<DeValue<'_>>,
        diagnostics: &mut Diagnostics,
    ) {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) {
            "an"
        } else {
            "a"
        };
        diagnostics.error(Diagnostic::error(
            format!("`{key}` in {} has to be {wanted}", self.name()),
            &self.file.spot(value.span()),
            format!("this is {article} {found}"),
        ));
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

/// Finds the key of this name in a document, at any depth, if it is the only one.
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
