//! A file, parsed as far as it matters.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use proc_macro2::Span;
use syn::{Attribute, Item};

use crate::diagnostics::file::{Spot, TextFile};
use crate::source::cuts::Cuts;
use crate::source::index::Index;
use crate::source::shorten;

/// A parsed source file, or an inline module of one.
pub(crate) struct Source {
    pub(crate) file: Arc<TextFile>,
    pub(crate) items: Vec<Item>,
    /// What the parser has not seen of the file.
    pub(crate) cuts: Rc<Cuts>,
    pub(crate) index: OnceCell<Index>,
    /// The file's own, at its top.
    pub(crate) attributes: Vec<Attribute>,
}

impl Source {
    pub(crate) fn spot(&self, span: Span) -> Spot {
        self.file.spot(self.cuts.whole(span.byte_range()))
    }

    /// Returns the lines of documentation that an attribute stands for, as they follow `///`.
    pub(crate) fn docs(&self, attribute: &Attribute) -> Option<impl Iterator<Item = &str>> {
        let lines = self.cuts.docs_of(attribute.path().get_ident()?)?;
        let lines = self.file.text[lines].lines();
        Some(lines.filter_map(|line| line.trim_start().strip_prefix("///")))
    }
}

/// Parses a file; the error says where it cannot.
pub(crate) fn parse(path: &str, bytes: Vec<u8>) -> Result<Source, String> {
    let text = String::from_utf8(bytes).map_err(|error| format!("{path}: {error}"))?;
    match parse_text(&without_preamble(&text)) {
        Ok((file, cuts)) => Ok(Source {
            file: TextFile::new(path, text),
            items: file.items,
            cuts: Rc::new(cuts),
            index: OnceCell::new(),
            attributes: file.attrs,
        }),
        Err(error) => {
            let start = error.span().start();
            Err(format!(
                "{path}:{}:{}: {error}",
                start.line,
                start.column + 1
            ))
        }
    }
}

/// Parses a text as far as it matters; places are in what the cuts have left.
fn parse_text(text: &str) -> syn::Result<(syn::File, Cuts)> {
    if let Some((short, cuts)) = shorten::shorten(text)
        && let Ok(file) = syn::parse_file(&short)
    {
        return Ok((file, cuts));
    }
    syn::parse_file(text).map(|file| (file, Cuts::default()))
}

/// Blanks a byte order mark and a `#!` line, which the parser would cut off, shifting every place.
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
