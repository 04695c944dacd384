//! Imports that only a module and those inside of it can see, and that the crate's root cannot.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Path, PathSegment, VisRestricted};

use super::import::{Import, cfgs, resolved};
use super::use_tree::leaves;
use super::{Scope, Sources, is_visible_from_root};
use crate::diagnostics::Diagnostics;
use crate::module_path::ModulePath;

/// Imports of imports are followed so far: a cycle is rustc's to report.
const MOST_STEPS: usize = 8;

/// Looks at the modules around a scope for what a path stands for.
pub(super) struct Surroundings<'a, 'b> {
    pub(super) scope: &'a Scope,
    pub(super) sources: &'a mut Sources<'b>,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Surroundings<'_, '_> {
    /// Replaces the path of an import by that of what it finally imports, as far as private imports
    /// are in between.
    pub(super) fn look_through(&mut self, import: &mut Import) {
        for _ in 0..MOST_STEPS {
            let Some(behind) = self.behind(&import.path) else {
                return;
            };
            if import.rename.is_none() {
                import.rename = import
                    .path
                    .last()
                    .filter(|name| behind.path.last() != Some(name))
                    .cloned();
            }
            import.path = behind.path;
            import.leading_colon = behind.leading_colon;
            import.cfg.extend(behind.cfg);
        }
    }

    /// Finds what a glob brings in although it is private where the glob leads to.
    pub(super) fn through_glob(&mut self, name: &str, glob: &Import) -> Option<Import> {
        let module = ModulePath::of_idents(&glob.path)?;
        let around = self.around(&module)?;
        let mut import = private(name, &around)?;
        import.cfg.extend(glob.cfg.iter().cloned());
        self.look_through(&mut import);
        Some(import)
    }

    fn behind(&mut self, path: &[Ident]) -> Option<Import> {
        let (last, module) = path.split_last()?;
        let around = self.around(&ModulePath::of_idents(module)?)?;
        private(&last.unraw().to_string(), &around)
    }

    /// Returns a module, if the scope is inside of it: only then can it see what is private there.
    fn around(&mut self, module: &ModulePath) -> Option<Scope> {
        self.scope.module.below(module)?;
        self.sources.module(module, self.diagnostics).ok().flatten()
    }
}

impl VisitMut for Surroundings<'_, '_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        if path.leading_colon.is_none()
            && idents.first().is_some_and(|first| first == "crate")
            && let Some(behind) = self.behind(&idents)
        {
            let mut import = behind;
            self.look_through(&mut import);
            replace(path, idents.len(), &import);
        } else if let Some((own, name)) = own_item(&idents, self.scope)
            && let Some(exported) = self.scope.path_of(&name)
        {
            let import = Import {
                cfg: Vec::new(),
                leading_colon: false,
                path: exported,
                rename: None,
                is_glob: false,
            };
            replace(path, own, &import);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_vis_restricted_mut(&mut self, _: &mut VisRestricted) {}
}

/// Returns the name of the scope's own item that a path from the root begins with, and how many
/// segments lead to it.
fn own_item(path: &[Ident], scope: &Scope) -> Option<(usize, Ident)> {
    let module = scope.module.idents();
    let name = path.strip_prefix(module.as_slice())?.first()?;
    Some((module.len() + 1, name.clone()))
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

/// Returns a private import of this name.
fn private(name: &str, scope: &Scope) -> Option<Import> {
    scope.source.items.iter().find_map(|item| {
        let Item::Use(item) = item else {
            return None;
        };
        if is_visible_from_root(&item.vis, &scope.module) {
            return None;
        }
        let leaves = leaves(item);
        let leaf = leaves
            .iter()
            .find(|leaf| !leaf.is_glob && leaf.name.unraw() == name)?;
        Some(Import {
            cfg: cfgs(&item.attrs),
            leading_colon: item.leading_colon.is_some(),
            path: resolved(leaf, item, scope),
            rename: leaf.is_renamed.then(|| leaf.name.clone()),
            is_glob: false,
        })
    })
}
