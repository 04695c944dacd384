//! Stage 2: a source file becomes items, and the listed names become functions.

mod bodies;
mod find;
mod import;
mod imports;
mod items;
mod lexer;
mod mentions;
mod missing;
mod private;
mod qualify;
mod resolve;
mod scope;
mod use_tree;
mod visible;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use proc_macro2::Span;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Item};

pub(crate) use find::{Found, find};
pub(crate) use import::Import;
pub(crate) use imports::Imports;
pub(crate) use mentions::Mentions;
pub(crate) use qualify::Qualify;
pub(crate) use scope::Scope;
pub(crate) use visible::{is_public, is_visible_from_root};

use self::private::Surroundings;
use crate::attributes::allowed_lints;
use crate::diagnostics::{Diagnostic, Diagnostics, Spot, TextFile, quoted};
use crate::files::Files;
use crate::manifest::{Component, SourcePath};
use crate::module_path::ModulePath;

/// A parsed source file, or an inline module of one.
pub(crate) struct Source {
    pub(crate) file: Arc<TextFile>,
    pub(crate) items: Vec<Item>,
    /// The lints that the whole file allows, and so its functions' signatures.
    pub(crate) allows: BTreeSet<String>,
    /// The conditions under which it is there at all.
    pub(crate) cfg: Vec<Attribute>,
}

impl Source {
    pub(crate) fn spot(&self, span: Span) -> Spot {
        self.file.spot(span.byte_range())
    }
}

/// What came of reading a source file.
#[derive(Clone)]
pub(crate) enum Loaded {
    Parsed(Rc<Source>),
    /// Rustc is about to report it, better than the generator could.
    Unparsable,
    /// Reported.
    Unreadable,
}

/// The files read so far: components may share one.
pub(crate) struct Sources<'a> {
    files: &'a dyn Files,
    loaded: BTreeMap<String, Loaded>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            loaded: BTreeMap::new(),
        }
    }

    pub(crate) fn load(
        &mut self,
        component: &Component,
        path: &SourcePath,
        diagnostics: &mut Diagnostics,
    ) -> Loaded {
        if let Some(loaded @ (Loaded::Parsed(_) | Loaded::Unparsable)) = self.loaded.get(&path.file)
        {
            return loaded.clone();
        }
        if self.files.leaves_package(Path::new(&path.file)) {
            let message = format!("the source {} leaves the package", quoted(&path.file));
            let label = "a link to a file outside of the package";
            let help = "copy the file into the package, or list it where it is";
            diagnostics.error(Diagnostic::error(message, &path.spot, label).help(help));
            return Loaded::Unreadable;
        }
        let loaded = match self.files.read(Path::new(&path.file)) {
            Ok(bytes) => parse(&path.file, bytes, diagnostics),
            Err(error) => {
                diagnostics.error(unreadable(component, path, &error));
                Loaded::Unreadable
            }
        };
        self.loaded.insert(path.file.clone(), loaded.clone());
        loaded
    }

    /// Reads the crate's root; `None` where it is not where it mostly is, or does not parse.
    pub(crate) fn root(&mut self, diagnostics: &mut Diagnostics) -> Option<Rc<Source>> {
        let root = self.module(&ModulePath::root(), diagnostics);
        root.ok().flatten().map(|scope| scope.source)
    }

    /// Tells whether a module has a file of its own.
    pub(crate) fn has_file(&self, module: &ModulePath) -> bool {
        let mut files = module.files().into_iter();
        files.any(|(file, of_file)| of_file == *module && self.files.exists(Path::new(&file)))
    }

    /// Replaces paths to private imports of the modules around a scope by those of what they import.
    pub(crate) fn look_through<'s>(
        &'s mut self,
        scope: &'s Scope,
        diagnostics: &'s mut Diagnostics,
    ) -> impl VisitMut {
        Surroundings {
            scope,
            sources: self,
            diagnostics,
        }
    }

    /// Finds a module of the crate where `mod` items look for it; an error where its file does not
    /// parse.
    fn module(
        &mut self,
        module: &ModulePath,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Scope>, Unparsable> {
        for (file, of_file) in module.files() {
            let loaded = match self.loaded.get(&file) {
                Some(loaded) => loaded.clone(),
                None if self.files.exists(Path::new(&file)) => {
                    let loaded = match self.files.read(Path::new(&file)) {
                        Ok(bytes) => parse(&file, bytes, diagnostics),
                        Err(_) => Loaded::Unreadable,
                    };
                    self.loaded.insert(file, loaded.clone());
                    loaded
                }
                None => continue,
            };
            return match loaded {
                Loaded::Parsed(source) => Ok(Scope::of_file(source, of_file).walk(module)),
                Loaded::Unparsable => Err(Unparsable),
                Loaded::Unreadable => Ok(None),
            };
        }
        Ok(None)
    }
}

/// Rustc is about to report it.
struct Unparsable;

fn parse(path: &str, bytes: Vec<u8>, diagnostics: &mut Diagnostics) -> Loaded {
    let problem = match String::from_utf8(bytes) {
        Ok(text) => match parse_text(&without_preamble(&text)) {
            Ok(file) => {
                return Loaded::Parsed(Rc::new(Source {
                    file: TextFile::new(path, text),
                    items: file.items,
                    allows: allowed_lints(&file.attrs),
                    cfg: import::cfgs(&file.attrs),
                }));
            }
            Err(error) => {
                let start = error.span().start();
                format!("{path}:{}:{}: {error}", start.line, start.column + 1)
            }
        },
        Err(error) => format!("{path}: {error}"),
    };
    diagnostics.warn(format!(
        "the wrappers of `{path}` are not up to date, because it cannot be parsed ({problem})"
    ));
    Loaded::Unparsable
}

fn parse_text(text: &str) -> syn::Result<syn::File> {
    if let Some(short) = bodies::without_bodies(text)
        && let Ok(file) = syn::parse_file(&short)
    {
        return Ok(file);
    }
    syn::parse_file(text)
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

fn unreadable(component: &Component, path: &SourcePath, error: &io::Error) -> Diagnostic {
    let quoted = quoted(&path.file);
    if error.kind() != io::ErrorKind::NotFound {
        let message = format!("cannot read the source {quoted}: {error}");
        return Diagnostic::error(message, &path.spot, "listed here");
    }
    let message = format!("cannot find the source {quoted}");
    if path.is_default {
        Diagnostic::error(message, &path.spot, "this component names no source")
            .help("create the file, or name another one with `source`")
            .note("the default is `src/functions/<component>.rs`")
    } else {
        let help = format!(
            "create the file, or correct `source` of `{}`",
            component.name
        );
        Diagnostic::error(message, &path.spot, "no such file")
            .help(help)
            .note("a source is relative to the package")
    }
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
