//! Names that would change their meaning beside the names of the generated module, written as whole
//! paths.

use std::collections::{BTreeMap, BTreeSet};

use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Path, VisRestricted};

use crate::carry::import::Import;
use crate::carry::imports::Imports;
use crate::carry::nameable::replace;

/// Replaces names by the paths of their imports.
pub(crate) struct Qualify {
    names: BTreeMap<String, Import>,
}

impl Qualify {
    /// Takes those imports of a signature that can be written out. Globs stay, and so do names
    /// between whose declarations `cfg` chooses.
    pub(crate) fn take(imports: &mut Imports) -> Self {
        Self::take_where(imports, |_| true)
    }

    /// Takes the imports with certain names.
    pub(crate) fn take_where(imports: &mut Imports, is_wanted: impl Fn(&str) -> bool) -> Self {
        let mut names: BTreeMap<String, Import> = BTreeMap::new();
        let mut several = BTreeSet::new();
        for import in imports.uses.iter().filter(|import| !import.is_glob) {
            let name = import.name();
            if is_wanted(&name) && names.insert(name.clone(), import.clone()).is_some() {
                several.insert(name);
            }
        }
        names.retain(|name, _| !several.contains(name));
        imports
            .uses
            .retain(|import| import.is_glob || !names.contains_key(&import.name()));
        Self { names }
    }
}

impl VisitMut for Qualify {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
            && let Some(import) = self.names.get(&first.ident.unraw().to_string())
        {
            replace(path, 1, import);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_vis_restricted_mut(&mut self, _: &mut VisRestricted) {}
}
