//! The questions of the checks about the paths of a signature.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Item, Path};

use crate::modules::scope::Scope;
use crate::resolve::meaning::{Kind, Located, Meaning};
use crate::resolve::resolver::Resolver;
use crate::rewrite::{resolve, starts_elsewhere};

/// A module in which paths are looked up.
pub(crate) struct Local<'a, 'b> {
    pub(crate) scope: &'a Scope,
    pub(crate) resolver: &'a mut Resolver<'b>,
}

impl Local<'_, '_> {
    /// Returns the whole path of an item, without generic arguments. Returns the path as written if
    /// the crate does not declare or import it.
    pub(crate) fn full_path(&mut self, path: &Path) -> Vec<String> {
        let found = self.resolver.locate_path(self.scope, path, Kind::Other);
        if let Some(found) = found.first() {
            return found
                .meaning
                .path()
                .iter()
                .map(|name| name.unraw().to_string())
                .collect();
        }
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.unraw().to_string());
        let is_self = path.leading_colon.is_none() && path.segments.len() > 1;
        names.skip_while(|name| is_self && name == "self").collect()
    }

    /// Finds the item of this crate that a path names.
    pub(crate) fn item(&mut self, path: &Path) -> Option<Item> {
        let found = self.resolver.locate_path(self.scope, path, Kind::Other);
        found.into_iter().find_map(|found| match found.meaning {
            Meaning::Item(_, item) => Some((*item).clone()),
            _ => None,
        })
    }
}

impl Resolver<'_> {
    /// Finds the items in a module that a path of a signature stands for.
    pub(crate) fn locate_path(&mut self, scope: &Scope, path: &Path, kind: Kind) -> Vec<Located> {
        let Some(first) = path.segments.first().map(|first| &first.ident) else {
            return Vec::new();
        };
        // Most names are from the language or the standard library.
        let is_here = scope.source.may_have(first);
        if path.leading_colon.is_some() || !(is_here || starts_elsewhere(first)) {
            return Vec::new();
        }
        let mut idents: Vec<Ident> = path.segments.iter().map(|s| s.ident.clone()).collect();
        if let Some((mut whole, used)) = resolve(&idents, &scope.module) {
            whole.extend(idents.into_iter().skip(used));
            idents = whole;
        }
        let mut found = if idents.first().is_some_and(|first| first == "crate") {
            self.locate(&idents, kind)
        } else if is_here {
            self.walk(scope, &idents, scope.is_reachable, kind)
        } else {
            Vec::new()
        };
        found.retain(|found| found.used == idents.len());
        for found in &mut found {
            found.used = path.segments.len();
        }
        found
    }
}
