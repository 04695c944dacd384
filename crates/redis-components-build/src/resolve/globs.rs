//! What globs bring into a module.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::visible::is_visible_from;
use crate::modules::visible::is_visible_from_root;
use crate::resolve::resolver::{Kind, Located, Meaning};
use crate::source::attributes::cfgs;
use crate::source::index::key;
use crate::source::items::declared;

/// Names that were looked for in globs: the module, the name and its kind.
#[derive(Default)]
pub(crate) struct Globbed {
    found: BTreeMap<(String, String, Kind), Located>,
    /// Also in vain, in the search that is under way.
    looked_for: BTreeSet<(String, String, Kind)>,
}

impl Globbed {
    /// Begins another search.
    pub(crate) fn begin(&mut self) {
        self.looked_for.clear();
    }
}

impl Sources<'_> {
    /// Finds what one of a module's globs brings in under a name. Globs may lead in circles.
    pub(crate) fn through_globs(
        &mut self,
        name: &Ident,
        scope: &Scope,
        kind: Kind,
        steps: usize,
    ) -> Option<Located> {
        scope.source.globs().next()?;
        let key = (scope.module.to_string(), key(name), kind);
        if let Some(known) = self.globbed.found.get(&key) {
            return Some(known.clone());
        }
        if !self.globbed.looked_for.insert(key.clone()) {
            return None;
        }
        let found = self.search_globs(name, scope, kind, steps)?;
        self.globbed.found.insert(key, found.clone());
        Some(found)
    }

    fn search_globs(
        &mut self,
        name: &Ident,
        scope: &Scope,
        kind: Kind,
        steps: usize,
    ) -> Option<Located> {
        let steps = steps.checked_sub(1)?;
        let source = scope.source.clone();
        for (item, leaf) in source.globs() {
            let (path, colon) = self.target_in(leaf, item, scope, steps);
            if colon || path.first().is_none_or(|first| first != "crate") {
                continue;
            }
            let Some(Meaning::Module(inner)) = self
                .locate_in(&path, Kind::Other, steps)
                .map(|found| found.meaning)
            else {
                continue;
            };
            if inner.module == scope.module || !may_see(name, &inner, &scope.module) {
                continue;
            }
            if let Some(mut found) = self.entry(name, &inner, kind, steps) {
                found.is_nameable &= is_visible_from_root(&item.vis, &scope.module);
                found.cfg.extend(cfgs(&item.attrs));
                return Some(found);
            }
        }
        None
    }
}

/// Tells whether a module's items of a name, if it has some itself, are known to another module.
fn may_see(name: &Ident, scope: &Scope, viewer: &ModulePath) -> bool {
    let name = key(name);
    let imported = scope.source.importing(&name).map(|(item, _)| &item.vis);
    let declared = scope.source.declaring(&name).filter_map(declared);
    let mut visibilities = imported.chain(declared.map(|(_, _, visibility)| visibility));
    let mut is_there = false;
    let is_visible = visibilities.any(|visibility| {
        is_there = true;
        is_visible_from(visibility, &scope.module, viewer)
    });
    is_visible || !is_there
}
