//! Signatures from another module than the component's own: their names would mean something else
//! beside those of the others, so that they are written out.

use std::collections::{BTreeMap, BTreeSet};

use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Path, VisRestricted};

use super::Imports;
use super::import::Import;
use super::private::replace;

/// Puts imported paths where their names stand.
pub(crate) struct Qualify {
    names: BTreeMap<String, Import>,
}

impl Qualify {
    /// Takes from the imports of a signature those that can be written out: not the globs, nor what
    /// `cfg` chooses between.
    pub(crate) fn take(imports: &mut Imports) -> Self {
        let mut names: BTreeMap<String, Import> = BTreeMap::new();
        let mut several = BTreeSet::new();
        for import in &imports.uses {
            if !import.is_glob && names.insert(import.name(), import.clone()).is_some() {
                several.insert(import.name());
            }
        }
        names.retain(|name, _| !several.contains(name));
        imports
            .uses
            .retain(|import| import.is_glob || several.contains(&import.name()));
        let mut qualify = Self { names };
        for alias in &mut imports.aliases {
            qualify.visit_item_type_mut(alias);
        }
        qualify
    }

    /// Returns an import with the path that it has without the others.
    fn whole(&self, name: &str) -> Option<Import> {
        let mut import = self.names.get(name)?.clone();
        let mut seen = BTreeSet::from([name.to_owned()]);
        while !import.leading_colon
            && let Some(first) = import.path.first().map(|first| first.unraw().to_string())
            && seen.insert(first.clone())
            && let Some(longer) = self.names.get(&first)
        {
            import.leading_colon = longer.leading_colon;
            import.path.splice(..1, longer.path.iter().cloned());
        }
        Some(import)
    }
}

impl VisitMut for Qualify {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
            && let Some(import) = self.whole(&first.ident.unraw().to_string())
        {
            replace(path, 1, &import);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_vis_restricted_mut(&mut self, _: &mut VisRestricted) {}
}
