//! Modules of the crate: which file holds them, and whether the crate's root can name them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use syn::{Expr, ExprLit, ItemMod, Lit, Meta};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::files::Files;
use crate::manifest::component::Component;
use crate::manifest::source_path::SourcePath;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::nearest::nearest;
use crate::resolve::globs::Globbed;
use crate::source::file::Source;
use crate::source::file::parse;

const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

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
    pub(crate) globbed: Globbed,
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

impl Sources<'_> {
    /// Reads the crate's root: of a library and a program, the one that includes the generated modules.
    ///
    /// `None` where it is not where it mostly is, or does not parse.
    pub(crate) fn root(&mut self) -> Option<Rc<Source>> {
        self.scope(&ModulePath::root()).map(|scope| scope.source)
    }

    /// Tells whether a module has a file of its own.
    pub(crate) fn has_file(&self, module: &ModulePath) -> bool {
        let mut files = module.files().into_iter();
        files.any(|file| self.files.exists(Path::new(&file)))
    }

    /// Tells whether a module's file does not parse.
    pub(crate) fn is_unparsable(&self, module: &ModulePath) -> bool {
        let outer = (0..).map_while(|levels| module.ancestor(levels));
        let mut files = outer.flat_map(|module| module.files());
        files.any(|file| matches!(self.loaded.get(&file), Some(Loaded::Unparsable)))
    }

    /// Finds a module of the crate where `mod` items look for it.
    pub(crate) fn scope(&mut self, module: &ModulePath) -> Option<Scope> {
        let name = module.to_string();
        if let Some(known) = self.scopes.get(&name) {
            return known.clone();
        }
        let found = self.find_scope(module);
        self.scopes.insert(name, found.clone());
        found
    }

    fn find_scope(&mut self, module: &ModulePath) -> Option<Scope> {
        let Some((outer, name)) = module.split_last() else {
            return self.find_root();
        };
        if let Some(outer) = self.scope(&outer)
            && let Some(item) = outer.declaration(name)
        {
            if item.content.is_some() {
                return outer.inline(item);
            }
            let source = match path_attribute(item) {
                Some(path) => self.source(&beside(&outer, &path)?)?,
                None => self.source_of(module)?,
            };
            return Some(outer.inside(item, source));
        }
        // A macro may have declared it.
        let source = self.source_of(module)?;
        Some(Scope::of_file(source, module.clone()))
    }

    fn find_root(&mut self) -> Option<Scope> {
        let mut roots: Vec<Rc<Source>> = Vec::new();
        for file in ROOTS {
            if self.files.exists(Path::new(file)) {
                roots.extend(self.source(file));
            }
        }
        let including = roots.iter().position(|root| includes(root));
        (!roots.is_empty()).then(|| Scope::root(roots.swap_remove(including.unwrap_or(0))))
    }

    fn source_of(&mut self, module: &ModulePath) -> Option<Rc<Source>> {
        let mut files = module.files().into_iter();
        let file = files.find(|file| self.files.exists(Path::new(file)))?;
        self.source(&file)
    }

    fn source(&mut self, file: &str) -> Option<Rc<Source>> {
        match self.read(file) {
            Ok(Loaded::Parsed(source)) => Some(source),
            _ => None,
        }
    }
}

/// Tells whether a file has the generated modules.
pub(crate) fn includes(source: &Source) -> bool {
    source.file.text.contains("include_components!")
}

/// Returns what `#[path = "…"]` says.
fn path_attribute(item: &ItemMod) -> Option<String> {
    item.attrs
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(path),
                    ..
                }) => Some(path.value()),
                _ => None,
            },
            _ => None,
        })
}

/// Returns the path of a file beside a module's own; `None` for inline modules, which have other rules.
fn beside(scope: &Scope, path: &str) -> Option<String> {
    let own = &scope.source.file.path;
    let is_inline = !scope.module.files().contains(own);
    let (directory, _) = own.rsplit_once('/')?;
    (!is_inline && !path.contains("..")).then(|| format!("{directory}/{path}"))
}
