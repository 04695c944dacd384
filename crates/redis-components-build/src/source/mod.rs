//! Stage 2: a source file becomes items, and the listed names become functions.

mod alias;
mod cuts;
mod expand;
mod find;
mod found;
mod glob_imports;
mod globs;
mod hidden;
mod import;
mod imports;
mod index;
mod items;
mod lexer;
mod lookup;
mod mentions;
mod missing;
mod modules;
mod nameable;
mod place;
mod public;
mod qualify;
mod resolve;
mod scope;
mod shorten;
mod signature;
mod target;
mod use_tree;
mod visible;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use proc_macro2::Span;
use syn::{Attribute, Item};

pub(crate) use find::find;
pub(crate) use found::Found;
pub(crate) use import::Import;
pub(crate) use imports::Imports;
pub(crate) use mentions::Mentions;
pub(crate) use public::View;
pub(crate) use qualify::Qualify;
pub(crate) use scope::Scope;
pub(crate) use visible::{is_public, is_visible_from_root};

use self::cuts::Cuts;
use self::globs::Globbed;
use self::index::Index;
use crate::diagnostics::{Diagnostic, Diagnostics, Spot, TextFile, quoted};
use crate::files::Files;
use crate::manifest::{Component, SourcePath};
use crate::nearest::nearest;

/// A parsed source file, or an inline module of one.
pub(crate) struct Source {
    pub(crate) file: Arc<TextFile>,
    pub(crate) items: Vec<Item>,
    /// What the parser has not seen of the file.
    cuts: Rc<Cuts>,
    index: OnceCell<Index>,
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

/// What came of reading a source file.
#[derive(Clone)]
pub(crate) enum Loaded {
    Parsed(Rc<Source>),
    /// Rustc is about to report it, better than the generator could.
    Unparsable,
}

/// The files read so far: components may share one.
pub(crate) struct Sources<'a> {
    files: &'a dyn Files,
    loaded: BTreeMap<String, Loaded>,
    scopes: BTreeMap<String, Option<Scope>>,
    globbed: Globbed,
    /// One per file that does not parse.
    warnings: Vec<String>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            loaded: BTreeMap::new(),
            scopes: BTreeMap::new(),
            globbed: Globbed::default(),
            warnings: Vec::new(),
        }
    }

    /// Reads a component's source, and reports where it cannot.
    pub(crate) fn load(
        &mut self,
        component: &Component,
        path: &SourcePath,
        diagnostics: &mut Diagnostics,
    ) -> Option<Rc<Source>> {
        if self.files.leaves_package(Path::new(&path.file)) {
            let message = format!("the source {} leaves the package", quoted(&path.file));
            let label = "a link to a file outside of the package";
            let help = "copy the file into the package, or list it where it is";
            diagnostics.error(Diagnostic::error(message, &path.spot, label).help(help));
            return None;
        }
        match self.read(&path.file) {
            Ok(Loaded::Parsed(source)) => Some(source),
            Ok(_) => None,
            Err(error) => {
                diagnostics.error(self.unreadable(component, path, &error));
                None
            }
        }
    }

    /// Returns one text per file that does not parse.
    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// Reads a file, once.
    fn read(&mut self, file: &str) -> io::Result<Loaded> {
        if let Some(loaded) = self.loaded.get(file) {
            return Ok(loaded.clone());
        }
        let loaded = match parse(file, self.files.read(Path::new(file))?) {
            Ok(source) => Loaded::Parsed(Rc::new(source)),
            Err(problem) => {
                self.warnings.push(format!(
                    "wrappers are not up to date, because `{file}` cannot be parsed ({problem})"
                ));
                Loaded::Unparsable
            }
        };
        self.loaded.insert(file.to_owned(), loaded.clone());
        Ok(loaded)
    }

    fn unreadable(
        &self,
        component: &Component,
        path: &SourcePath,
        error: &io::Error,
    ) -> Diagnostic {
        let quoted = quoted(&path.file);
        if error.kind() != io::ErrorKind::NotFound {
            let message = format!("cannot read the source {quoted}: {error}");
            return Diagnostic::error(message, &path.spot, "listed here");
        }
        let message = format!("cannot find the source {quoted}");
        if path.is_default {
            return Diagnostic::error(message, &path.spot, "this component names no source")
                .help("create the file, or name another one with `source`")
                .note("the default is `src/functions/<component>.rs`");
        }
        let error = Diagnostic::error(message, &path.spot, "no such file");
        let error = match self.similar_file(&path.file) {
            Some(similar) => error.help(format!("there is `{similar}`")),
            None => error.help(format!(
                "create the file, or correct `source` of `{}`",
                component.name
            )),
        };
        error.note("a source is relative to the package")
    }

    /// Returns a file that may be meant: in `src`, or of a similar name in the same directory.
    fn similar_file(&self, file: &str) -> Option<String> {
        let in_src = format!("src/{file}");
        if self.files.exists(Path::new(&in_src)) {
            return Some(in_src);
        }
        let (directory, name) = file.rsplit_once('/')?;
        let names = self.files.names(Path::new(directory));
        let similar = nearest(name, names.iter().map(String::as_str))?;
        Some(format!("{directory}/{similar}"))
    }
}

fn parse(path: &str, bytes: Vec<u8>) -> Result<Source, String> {
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
