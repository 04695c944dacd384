//! Modules of the crate: which file holds them, and whether the crate's root can name them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use syn::ext::IdentExt;
use syn::{Expr, ExprLit, ItemMod, Lit, Meta};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::files::Files;
use crate::manifest::component::Component;
use crate::manifest::source_path::SourcePath;
use crate::module_path::ModulePath;
use crate::modules::include::place_of_include;
use crate::modules::scope::Scope;
use crate::nearest::nearest;
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
    scopes: BTreeMap<String, Rc<[Scope]>>,
    /// By the outer module's id and the name.
    children: BTreeMap<String, Rc<[Scope]>>,
    /// One per file that does not parse.
    warnings: Vec<String>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            loaded: BTreeMap::new(),
            scopes: BTreeMap::new(),
            children: BTreeMap::new(),
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

    /// Returns `true` if a file that was read does not parse.
    pub(crate) fn has_unparsable(&self) -> bool {
        !self.warnings.is_empty()
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
    /// Returns the crate's root: of a library and a program, the one that includes the generated modules.
    ///
    /// `None` if it is not where it usually is, or does not parse.
    pub(crate) fn root(&mut self) -> Option<Scope> {
        self.scopes(&ModulePath::root()).first().cloned()
    }

    /// Returns `true` if a module has a file of its own.
    pub(crate) fn has_file(&self, module: &ModulePath) -> bool {
        let mut files = module.files().into_iter();
        files.any(|file| self.files.exists(Path::new(&file)))
    }

    /// Finds the modules of a path where `mod` items look for them: `cfg` may choose between several.
    pub(crate) fn scopes(&mut self, module: &ModulePath) -> Rc<[Scope]> {
        let name = module.to_string();
        if let Some(known) = self.scopes.get(&name) {
            return Rc::clone(known);
        }
        let found: Rc<[Scope]> = self.find_scopes(module).into();
        self.scopes.insert(name, Rc::clone(&found));
        found
    }

    /// Returns the modules of a name that a module declares.
    pub(crate) fn children(&mut self, outer: &Scope, name: &str) -> Rc<[Scope]> {
        let id = format!("{}::{name}", outer.id);
        if let Some(known) = self.children.get(&id) {
            return Rc::clone(known);
        }
        let items = outer.declarations(name).enumerate();
        let children: Rc<[Scope]> = items
            .filter_map(|(number, item)| self.child(outer, item, number))
            .collect();
        self.children.insert(id, Rc::clone(&children));
        children
    }

    fn child(&mut self, outer: &Scope, item: &ItemMod, number: usize) -> Option<Scope> {
        if item.content.is_some() {
            return outer.of_inline(item, number);
        }
        let source = match path_attribute(item) {
            Some(path) => self.source(&beside(outer, &path)?)?,
            None => self.source_of(&outer.module.child(&item.ident.unraw().to_string()))?,
        };
        Some(outer.inside(item, number, source))
    }

    fn find_scopes(&mut self, module: &ModulePath) -> Vec<Scope> {
        let Some((outer, name)) = module.split_last() else {
            return self.find_root().into_iter().collect();
        };
        let mut scopes = Vec::new();
        let mut is_declared = false;
        for outer in self.scopes(&outer).iter() {
            is_declared |= outer.declarations(name).next().is_some();
            scopes.extend_from_slice(&self.children(outer, name));
        }
        if !is_declared && let Some(source) = self.source_of(module) {
            // A macro may have declared it.
            scopes.push(Scope::of_file(source, module.clone()));
        }
        scopes
    }

    fn find_root(&mut self) -> Option<Scope> {
        let mut roots: Vec<Rc<Source>> = Vec::new();
        for file in ROOTS {
            if self.files.exists(Path::new(file)) {
                roots.extend(self.source(file));
            }
        }
        let is_including = |root: &Rc<Source>| place_of_include(&root.items).is_some();
        let including = roots.iter().position(is_including).unwrap_or(0);
        (!roots.is_empty()).then(|| Scope::root(roots.swap_remove(including)))
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
