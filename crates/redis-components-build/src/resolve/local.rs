//! What checks ask about the paths of a signature.

use syn::ext::IdentExt;
use syn::{Item, Path};

use crate::modules::scope::Scope;
use crate::resolve::resolver::{Kind, Meaning, Resolver};

/// A module in which paths are looked up.
pub(crate) struct Local<'a, 'b> {
    pub(crate) scope: &'a Scope,
    pub(crate) resolver: &'a mut Resolver<'b>,
}

impl Local<'_, '_> {
    /// Returns the whole path of what a path names, without generic arguments: as it is written if
    /// nothing in the crate tells.
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
