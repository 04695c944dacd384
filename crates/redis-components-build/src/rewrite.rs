//! Paths that have another meaning in the generated module.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Path, PathSegment, VisRestricted};

use crate::module_path::ModulePath;

/// Rewrites `self::…` and `super::…` to mean the same as in the source's module.
pub(crate) struct Absolute<'a> {
    pub(crate) module: &'a ModulePath,
}

impl VisitMut for Absolute<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let first = path.segments.first();
        if path.leading_colon.is_none() && first.is_some_and(|first| starts_elsewhere(&first.ident))
        {
            let leading: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
            if let Some((prefix, used)) = resolve(&leading, self.module) {
                let rest = path.segments.iter().skip(used).cloned();
                let prefix = prefix.into_iter().map(PathSegment::from);
                path.segments = prefix.chain(rest).collect::<Punctuated<_, _>>();
            }
        }
        visit_mut::visit_path_mut(self, path);
    }

    // `pub(super)` contains a path too, but not to an item.
    fn visit_vis_restricted_mut(&mut self, _: &mut VisRestricted) {}
}

/// Returns `true` if a path with this first name begins at another module, or at the crate's root.
pub(crate) fn starts_elsewhere(first: &Ident) -> bool {
    first == "crate" || first == "self" || first == "super"
}

/// Resolves leading `self` and `super`. Returns the path that they stand for, and their number.
///
/// Returns `None` if there are none, or more `super` than modules, which rustc reports.
pub(crate) fn resolve(segments: &[Ident], module: &ModulePath) -> Option<(Vec<Ident>, usize)> {
    let selfs = usize::from(segments.first()? == "self");
    let supers = segments[selfs..]
        .iter()
        .take_while(|s| *s == "super")
        .count();
    // A lone `self` is a parameter, not a module.
    if selfs + supers == 0 || (supers == 0 && segments.len() == 1) {
        return None;
    }
    Some((module.ancestor(supers)?.idents(), selfs + supers))
}
