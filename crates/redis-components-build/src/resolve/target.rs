//! What a `use` item imports, from the crate's root.

use proc_macro2::Ident;
use syn::ItemUse;

use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::resolve::resolver::{Kind, Located, MOST_STEPS, Meaning};
use crate::rewrite::resolve;
use crate::source::index::key;
use crate::source::items::is_value;
use crate::source::use_tree::Leaf;

impl Sources<'_> {
    /// Returns the whole path of one end of a `use` item, and whether it begins with `::`.
    pub(crate) fn target(
        &mut self,
        leaf: &Leaf,
        item: &ItemUse,
        scope: &Scope,
    ) -> (Vec<Ident>, bool) {
        self.globbed.begin();
        self.target_in(leaf, item, scope, MOST_STEPS)
    }

    pub(crate) fn target_in(
        &mut self,
        leaf: &Leaf,
        item: &ItemUse,
        scope: &Scope,
        steps: usize,
    ) -> (Vec<Ident>, bool) {
        let path = leaf.path.clone();
        if item.leading_colon.is_some() {
            return (path, true);
        }
        if let Some((mut prefix, used)) = resolve(&path, &scope.module) {
            prefix.extend(path.into_iter().skip(used));
            return (prefix, false);
        }
        let first = path.first().filter(|first| *first != "crate");
        if let (Some(first), Some(steps)) = (first, steps.checked_sub(1))
            && let Some(found) = self.first_of_use(first, scope, steps)
        {
            let is_outside = matches!(found.meaning, Meaning::Outside(_, true));
            let mut whole = if found.is_nameable || is_outside {
                found.meaning.path()
            } else {
                // By the name that it has here, which can be looked up again.
                let mut whole = scope.module.idents();
                whole.push(first.clone());
                whole
            };
            whole.extend(path.into_iter().skip(1));
            return (whole, is_outside);
        }
        (path, false)
    }

    /// Finds what the first name of an import stands for, unless it is a crate.
    fn first_of_use(&mut self, first: &Ident, scope: &Scope, steps: usize) -> Option<Located> {
        let name = key(first);
        let source = &scope.source;
        let mut imports = source.importing(&name);
        let own = imports.any(|(_, leaf)| leaf.path.first() != Some(first))
            || source.declaring(&name).any(|item| !is_value(item));
        if own {
            return self.walk(
                scope.clone(),
                std::slice::from_ref(first),
                true,
                Kind::Other,
                steps,
            );
        }
        self.through_globs(first, scope, Kind::Other, steps)
    }
}
