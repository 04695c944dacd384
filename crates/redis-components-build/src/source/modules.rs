//! Modules of the crate: which file holds them, and whether the crate's root can name them.

use std::path::Path;
use std::rc::Rc;

use syn::{Expr, ExprLit, ItemMod, Lit, Meta};

use super::{Loaded, Scope, Source, Sources};
use crate::module_path::ModulePath;

const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

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
    pub(super) fn is_unparsable(&self, module: &ModulePath) -> bool {
        let outer = (0..).map_while(|levels| module.ancestor(levels));
        let mut files = outer.flat_map(|module| module.files());
        files.any(|file| matches!(self.loaded.get(&file), Some(Loaded::Unparsable)))
    }

    /// Finds a module of the crate where `mod` items look for it.
    pub(super) fn scope(&mut self, module: &ModulePath) -> Option<Scope> {
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

/// Tells whether a file has the generated modules, or may have them.
pub(crate) fn includes(source: &Source) -> bool {
    let text = &source.file.text;
    text.contains("include_components!") || text.contains("include!")
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
