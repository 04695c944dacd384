//! Paths that the crate's root cannot use, replaced by such that it can.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Macro, Path, PathSegment, VisRestricted};

use super::Sources;
use super::hidden::Hidden;
use super::import::Import;
use super::imports::Imports;
use super::lookup::{Kind, Meaning};
use super::public::View;
use super::use_tree::leaves;
use crate::module_path::ModulePath;

/// Replaces paths that begin with `crate` where something on them is private.
pub(crate) struct Nameable<'a, 'b> {
    view: View<'a>,
    sources: &'a mut Sources<'b>,
    imports: Imports,
}

impl<'b> Sources<'b> {
    pub(super) fn nameable<'a>(&'a mut self, view: View<'a>) -> Nameable<'a, 'b> {
        Nameable {
            view,
            sources: self,
            imports: Imports::default(),
        }
    }
}

impl Nameable<'_, '_> {
    /// Returns what is known of the paths that were seen.
    pub(crate) fn into_imports(self) -> Imports {
        self.imports
    }

    /// Returns the path of the one glob that can have brought a name into a module.
    fn through_outer_glob(&mut self, path: &[Ident]) -> Option<Import> {
        let (_, module) = path.split_last()?;
        let found = self.sources.locate(module, Kind::Other)?;
        let Meaning::Module(scope) = found.meaning else {
            return None;
        };
        let mut globs = scope.source.items.iter().filter_map(|item| match item {
            Item::Use(item) => Some((item, leaves(item).into_iter().find(|leaf| leaf.is_glob)?)),
            _ => None,
        });
        let mut outer = globs.by_ref().filter_map(|(item, leaf)| {
            let (path, colon) = self.sources.target(&leaf, item, &scope);
            path.first()
                .is_some_and(|first| first != "crate")
                .then_some((path, colon))
        });
        let ((mut whole, leading_colon), None) = (outer.next()?, outer.next()) else {
            return None;
        };
        whole.extend(path.last().cloned());
        Some(Import {
            leading_colon,
            ..Import::of_path(whole)
        })
    }
}

impl VisitMut for Nameable<'_, '_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        if path.leading_colon.is_none() && idents.first().is_some_and(|first| first == "crate") {
            match self.sources.locate(&idents, Kind::Other) {
                Some(found) => {
                    self.imports.note(&found.meaning);
                    if !found.is_nameable {
                        match self.sources.public_path(&found.meaning, self.view) {
                            Some(public) => {
                                let leading_colon =
                                    matches!(found.meaning, Meaning::Outside(_, true));
                                let import = Import {
                                    leading_colon,
                                    ..Import::of_path(public)
                                };
                                replace(path, found.used, &import);
                            }
                            None => {
                                let hidden = self.sources.hidden(&found.meaning, self.view);
                                self.imports.hidden.extend(hidden);
                            }
                        }
                    }
                }
                None => {
                    if let Some(import) = self.through_outer_glob(&idents) {
                        replace(path, idents.len(), &import);
                    }
                }
            }
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
                    path: String::new(),
                });
            }
        }
        visit_mut::visit_macro_mut(self, call);
    }

    fn visit_vis_restricted_mut(&mut self, _: &mut VisRestricted) {}
}

/// Finds the `macro_rules!` of the file that a call is of, unless it is imported like an item.
fn definition<'a>(name: &Ident, view: View<'a>) -> Option<&'a syn::ItemMacro> {
    let items = &view.scope.source.items;
    let is_imported = items.iter().any(|item| match item {
        Item::Use(item) => leaves(item).iter().any(|leaf| leaf.name.unraw() == *name),
        _ => false,
    });
    let is_at_root = view.scope.module.is_root();
    items
        .iter()
        .filter(|_| !is_imported && !is_at_root)
        .find_map(|item| match item {
            Item::Macro(item) if item.ident.as_ref() == Some(name) => Some(item),
            _ => None,
        })
}

/// Puts the path of an import in the place of the first segments of a path.
pub(super) fn replace(path: &mut Path, segments: usize, import: &Import) {
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
