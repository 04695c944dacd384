//! Paths that the crate's root cannot use, replaced by paths that it can use.

use proc_macro2::Ident;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Macro, Path, PathSegment, VisRestricted};

use crate::carry::import::Import;
use crate::carry::imports::Imports;
use crate::module_path::ModulePath;
use crate::modules::visible::is_visible_from_root;
use crate::resolve::hidden::Hidden;
use crate::resolve::meaning::{Kind, Located, Meaning};
use crate::resolve::public::View;
use crate::resolve::resolver::Resolver;
use crate::source::index::key;

/// Replaces paths that begin with `crate` if one of their segments is private.
pub(crate) struct Nameable<'a, 'b> {
    view: View<'a>,
    resolver: &'a mut Resolver<'b>,
    imports: Imports,
}

impl<'b> Resolver<'b> {
    pub(crate) fn nameable<'a>(&'a mut self, view: View<'a>) -> Nameable<'a, 'b> {
        Nameable {
            view,
            resolver: self,
            imports: Imports::default(),
        }
    }
}

impl Nameable<'_, '_> {
    /// Returns the results for the visited paths.
    pub(crate) fn into_imports(self) -> Imports {
        self.imports
    }

    /// Rewrites a path so that the crate's root can use it, or records that it cannot.
    fn rewrite(&mut self, path: &mut Path, found: &Located) {
        self.imports.note(&found.meaning);
        if found.is_nameable {
            return;
        }
        match self.resolver.public_path(&found.meaning, self.view) {
            Some(public) => {
                let import = Import {
                    leading_colon: found.meaning.has_colon(),
                    ..Import::of_path(public)
                };
                replace(path, found.used, &import);
            }
            None => {
                let hidden = self.resolver.hidden(&found.meaning, self.view);
                self.imports.hidden.extend(hidden);
            }
        }
    }

    /// Finds the item of a path that begins with a module which cannot be imported.
    fn in_hidden_module(&mut self, idents: &[Ident]) -> Option<Located> {
        let (first, [_, ..]) = idents.split_first()? else {
            return None;
        };
        let scope = self.view.scope;
        let module = self
            .resolver
            .locate_from(scope, std::slice::from_ref(first), Kind::Other)
            .into_iter()
            .find(|found| matches!(found.meaning, Meaning::Module(_)))?;
        if self
            .resolver
            .public_path(&module.meaning, self.view)
            .is_some()
        {
            return None;
        }
        let found = self.resolver.locate_from(scope, idents, Kind::Other);
        Some(Located {
            is_nameable: false,
            ..found.into_iter().next()?
        })
    }

    /// Rewrites a path to an item that only a glob from another crate can have brought into a
    /// module.
    fn rewrite_globbed(&mut self, path: &mut Path, idents: &[Ident]) -> Option<()> {
        let (length, scope) = (1..idents.len()).rev().find_map(|length| {
            let module = ModulePath::of_idents(&idents[..length])?;
            let scope = self.resolver.sources.scopes(&module).first()?.clone();
            Some((length, scope))
        })?;
        if scope.module == self.view.scope.module {
            // The generated module has a copy of the file's own globs.
            path.segments = path.segments.iter().skip(length).cloned().collect();
            return Some(());
        }
        let mut globs = Vec::new();
        for (item, leaf) in scope.source.globs() {
            if is_visible_from_root(&item.vis, &scope.module) && scope.is_reachable {
                return None;
            }
            let targets = self.resolver.targets((item, leaf), &scope);
            let outside = targets.into_iter().filter(|target| !target.is_own());
            globs.extend(outside.map(|target| (target.path, target.has_colon)));
        }
        let (Some((mut whole, leading_colon)), true) = (globs.pop(), globs.is_empty()) else {
            return None;
        };
        whole.push(idents[length].clone());
        let import = Import {
            leading_colon,
            ..Import::of_path(whole)
        };
        replace(path, length + 1, &import);
        Some(())
    }
}

impl VisitMut for Nameable<'_, '_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let first = path.segments.first();
        // A single name gets an import, whatever it stands for.
        if path.segments.len() < 2 && first.is_none_or(|first| first.ident != "crate") {
            visit_mut::visit_path_mut(self, path);
            return;
        }
        let idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        if path.leading_colon.is_none() && idents.first().is_some_and(|first| first == "crate") {
            match self.resolver.locate(&idents, Kind::Other).first() {
                Some(found) => self.rewrite(path, found),
                None => {
                    if self.rewrite_globbed(path, &idents).is_none() {
                        // If the crate's root can name the module, rustc reports the missing item.
                        let hidden = self.resolver.hidden_module_of(&idents, self.view);
                        self.imports.hidden.extend(hidden);
                    }
                }
            }
        } else if path.leading_colon.is_none()
            && let Some(found) = self.in_hidden_module(&idents)
        {
            self.rewrite(path, &found);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        if let Some(name) = call.path.get_ident().cloned()
            && let Some(definition) = definition(&name, self.view)
        {
            let is_exported = definition
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("macro_export"));
            if is_exported {
                let mut idents = ModulePath::root().idents();
                idents.push(name);
                replace(&mut call.path, 1, &Import::of_path(idents));
            } else {
                let source = &self.view.scope.source;
                self.imports.hidden.push(Hidden {
                    kind: "a macro",
                    spot: source.spot(name.span()),
                    name,
                    module: None,
                    export: String::new(),
                });
            }
        }
        visit_mut::visit_macro_mut(self, call);
    }

    fn visit_vis_restricted_mut(&mut self, _: &mut VisRestricted) {}
}

/// Finds the `macro_rules!` of the file for a call, unless it is imported like an item.
fn definition<'a>(name: &Ident, view: View<'a>) -> Option<&'a syn::ItemMacro> {
    let items = &view.scope.source.items;
    let is_imported = view.scope.source.importing(&key(name)).next().is_some();
    let is_at_root = view.scope.module.is_root();
    items
        .iter()
        .filter(|_| !is_imported && !is_at_root)
        .find_map(|item| match item {
            Item::Macro(item) if item.ident.as_ref() == Some(name) => Some(item),
            _ => None,
        })
}

/// Replaces the first segments of a path by the path of an import.
pub(crate) fn replace(path: &mut Path, segments: usize, import: &Import) {
    let arguments = path.segments[segments - 1].arguments.clone();
    let rest: Vec<PathSegment> = path.segments.iter().skip(segments).cloned().collect();
    let mut new: Vec<PathSegment> = import.path.iter().cloned().map(PathSegment::from).collect();
    if let Some(last) = new.last_mut() {
        last.arguments = arguments;
    }
    if import.path.first().is_some_and(|first| first != "crate") {
        path.leading_colon = Some(Default::default());
    }
    path.segments = new.into_iter().chain(rest).collect();
}
