//! A file, of which only the needed parts are parsed.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use proc_macro2::{Ident, Span};
use syn::{Attribute, Item, ItemUse};

use crate::diagnostics::file::{Spot, TextFile};
use crate::source::calls;
use crate::source::cuts::Cuts;
use crate::source::index::Index;
use crate::source::nesting::too_deep;
use crate::source::shorten;
use crate::source::use_tree::{Leaf, separate};

/// A parsed source file, or an inline module of one.
pub(crate) struct Source {
    pub(crate) file: Arc<TextFile>,
    pub(crate) items: Vec<Item>,
    /// The parts of the file that the parser has not seen.
    cuts: Rc<Cuts>,
    index: OnceCell<Index>,
    may_have_unfit_calls: OnceCell<bool>,
    /// The inner attributes at the top of the file.
    pub(crate) attributes: Vec<Attribute>,
}

impl Source {
    pub(crate) fn spot(&self, span: Span) -> Spot {
        self.file.spot(self.cuts.whole(span.byte_range()))
    }

    /// Returns the lines of documentation that an attribute replaces, each without its `///`.
    pub(crate) fn docs(&self, attribute: &Attribute) -> Option<impl Iterator<Item = &str>> {
        let lines = self.cuts.docs_of(attribute.path().get_ident()?)?;
        let lines = self.file.text[lines].lines();
        Some(lines.filter_map(|line| line.trim_start().strip_prefix("///")))
    }

    /// Returns `true` if the file may contain calls that a shared connection refuses.
    pub(crate) fn may_have_unfit_calls(&self) -> bool {
        let may_have = || calls::may_be_in(&self.file.text);
        *self.may_have_unfit_calls.get_or_init(may_have)
    }
}

impl Source {
    /// Returns an inline module of the file.
    pub(crate) fn inline(&self, items: Vec<Item>) -> Self {
        Self {
            file: Arc::clone(&self.file),
            items,
            cuts: Rc::clone(&self.cuts),
            index: OnceCell::new(),
            may_have_unfit_calls: self.may_have_unfit_calls.clone(),
            // The attributes of the `mod` item, the inner ones included, are read with that item.
            attributes: Vec::new(),
        }
    }

    /// Returns `true` if the module declares or imports a name, or may do so through a glob.
    pub(crate) fn may_have(&self, name: &Ident) -> bool {
        self.index().may_have(name)
    }

    /// Returns the items that declare a name, in their order.
    pub(crate) fn declaring(&self, name: &str) -> impl Iterator<Item = &Item> {
        places(self.index().declared.get(name)).map(|place| &self.items[place])
    }

    /// Returns the ends of `use` items that import a name, in their order.
    pub(crate) fn importing(&self, name: &str) -> impl Iterator<Item = (&ItemUse, &Leaf)> {
        places(self.index().imported.get(name)).filter_map(|place| self.leaf(place))
    }

    /// Returns the ends of `use` items that are globs, in their order.
    pub(crate) fn globs(&self) -> impl Iterator<Item = (&ItemUse, &Leaf)> {
        places(Some(&self.index().globs)).filter_map(|place| self.leaf(place))
    }

    /// Returns all ends of `use` items, in their order.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = (&ItemUse, &Leaf)> {
        (0..self.index().leaves.len()).filter_map(|place| self.leaf(place))
    }

    fn leaf(&self, place: usize) -> Option<(&ItemUse, &Leaf)> {
        let (item, leaf) = &self.index().leaves[place];
        match &self.items[*item] {
            Item::Use(item) => Some((item, leaf)),
            _ => None,
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.items))
    }
}

fn places(places: Option<&Vec<usize>>) -> impl Iterator<Item = usize> {
    places.into_iter().flatten().copied()
}

/// The reason for which a file is not parsed.
pub(crate) enum Unparsable {
    /// A mistake, with its place. Rustc reports it as well.
    Mistake(String),
    /// The place after the token that is inside of too many others.
    TooDeep(Spot),
}

/// Parses a file.
pub(crate) fn parse(path: &str, bytes: Vec<u8>) -> Result<Source, Unparsable> {
    let text = String::from_utf8(bytes)
        .map_err(|error| Unparsable::Mistake(format!("{path}: {error}")))?;
    match parse_text(&without_preamble(&text)) {
        Ok((mut file, cuts)) => {
            separate(&mut file.items);
            Ok(Source {
                file: TextFile::new(path, text),
                items: file.items,
                cuts: Rc::new(cuts),
                index: OnceCell::new(),
                may_have_unfit_calls: OnceCell::new(),
                attributes: file.attrs,
            })
        }
        Err(Problem::Mistake(error)) => {
            let start = error.span().start();
            Err(Unparsable::Mistake(format!(
                "{path}:{}:{}: {error}",
                start.line,
                start.column + 1
            )))
        }
        Err(Problem::TooDeep(at)) => {
            let file = TextFile::new(path, text);
            Err(Unparsable::TooDeep(file.spot(at..at)))
        }
    }
}

enum Problem {
    Mistake(syn::Error),
    TooDeep(usize),
}

/// Parses the needed parts of a text. Places in the result are places in the shorter text.
fn parse_text(text: &str) -> Result<(syn::File, Cuts), Problem> {
    if let Some((short, cuts)) = shorten::shorten(text) {
        match parse_all(&short) {
            Ok(file) => return Ok((file, cuts)),
            Err(Problem::TooDeep(at)) => return Err(Problem::TooDeep(cuts.whole(at..at).start)),
            Err(Problem::Mistake(_)) => {}
        }
    }
    parse_all(text).map(|file| (file, Cuts::default()))
}

fn parse_all(text: &str) -> Result<syn::File, Problem> {
    match too_deep(text) {
        Some(at) => Err(Problem::TooDeep(at)),
        None => syn::parse_file(text).map_err(Problem::Mistake),
    }
}

/// Blanks a byte order mark and a `#!` line. The parser would cut them off, and shift every place.
fn without_preamble(text: &str) -> String {
    let mut text = match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}"),
        None => text.to_owned(),
    };
    let trimmed = text.trim_start_matches(' ');
    if trimmed.starts_with("#!") && !trimmed[2..].trim_start().starts_with('[') {
        let end = text.find('\n').unwrap_or(text.len());
        text.replace_range(..end, &" ".repeat(end));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::without_preamble;

    #[test]
    fn a_preamble_is_blanked_in_place() {
        assert_eq!(without_preamble("\u{feff}fn a() {}"), "   fn a() {}");
        assert_eq!(
            without_preamble("#!/bin/ü\nfn a() {}"),
            "         \nfn a() {}"
        );
        assert_eq!(
            without_preamble("\u{feff}#!/x\nfn a() {}"),
            "       \nfn a() {}"
        );
        assert_eq!(without_preamble("#![allow(x)]\n"), "#![allow(x)]\n");
        assert_eq!(without_preamble("#! [allow(x)]\n"), "#! [allow(x)]\n");
    }
}
