//! What a `use` item stands for.

use std::rc::Rc;

use proc_macro2::Ident;
use syn::{Attribute, ItemUse};

use super::Resolver;
use crate::modules::scope::Scope;
use crate::modules::visible::is_visible_from_root;
use crate::resolve::meaning::{Kind, Located, Meaning, Target};
use crate::rewrite::resolve;
use crate::source::attributes::cfgs;
use crate::source::index::key;
use crate::source::items::is_value;
use crate::source::use_tree::Leaf;

impl Resolver<'_> {
    /// Finds the items that one end of a `use` item imports. For a glob, it finds the items under
    /// `name`.
    pub(crate) fn imported(
        &mut self,
        name: &Ident,
        (item, leaf): (&ItemUse, &Leaf),
        scope: &Scope,
        kind: Kind,
    ) -> Vec<Located> {
        let mut all = Vec::new();
        let is_nameable = is_visible_from_root(&item.vis, &scope.module);
        let targets = self.targets((item, leaf), scope);
        for target in targets {
            let is_own = target.is_own();
            let cfg: Vec<Attribute> = cfgs(&item.attrs).into_iter().chain(target.cfg).collect();
            let found = if !is_own && leaf.is_glob {
                continue;
            } else if !is_own {
                vec![Located {
                    meaning: Meaning::Outside(target.path, target.has_colon),
                    is_nameable: true,
                    used: 1,
                    cfg: Vec::new(),
                }]
            } else if leaf.is_glob {
                let modules = self.locate(&target.path, Kind::Other);
                self.of_modules(name, modules, scope, kind)
            } else {
                let mut found = self.locate(&target.path, kind);
                found.retain(|found| found.used == target.path.len());
                found
            };
            all.extend(found.into_iter().map(|found| Located {
                // A glob brings in only items that its module can name.
                is_nameable: is_nameable && (found.is_nameable || !leaf.is_glob),
                used: 1,
                cfg: cfg.iter().cloned().chain(found.cfg).collect(),
                meaning: found.meaning,
            }));
        }
        all
    }

    /// Returns the whole paths of one end of a `use` item.
    pub(crate) fn targets(
        &mut self,
        (item, leaf): (&ItemUse, &Leaf),
        scope: &Scope,
    ) -> Vec<Target> {
        let target = |path: Vec<Ident>, has_colon: bool| Target {
            path,
            has_colon,
            cfg: Vec::new(),
        };
        let path = &leaf.path;
        if item.leading_colon.is_some() {
            return vec![target(path.clone(), true)];
        }
        if let Some((mut prefix, used)) = resolve(path, &scope.module) {
            prefix.extend(path.iter().skip(used).cloned());
            return vec![target(prefix, false)];
        }
        let (first, rest) = match path.split_first() {
            Some((first, rest)) if first != "crate" => (first, rest),
            _ => return vec![target(path.clone(), false)],
        };
        let mut targets: Vec<Target> = Vec::new();
        for found in self.first_of_use(first, scope).iter() {
            let has_colon = found.meaning.has_colon();
            let (mut whole, cfg) = if found.is_nameable || has_colon {
                (found.meaning.path(), found.cfg.clone())
            } else {
                // The search goes on by the name in this module, which can be looked up again.
                (scope.module.child(&key(first)).idents(), Vec::new())
            };
            whole.extend(rest.iter().cloned());
            if targets.iter().all(|known| known.path != whole) {
                targets.push(Target {
                    path: whole,
                    has_colon,
                    cfg,
                });
            }
        }
        if targets.is_empty() {
            targets.push(target(path.clone(), false));
        }
        if let [only] = targets.as_mut_slice() {
            only.cfg.clear();
        }
        targets
    }

    /// Finds the items of an import's first name, unless that is a crate.
    fn first_of_use(&mut self, first: &Ident, scope: &Scope) -> Rc<[Located]> {
        let name = key(first);
        let source = &scope.source;
        let mut imports = source.importing(&name);
        let is_own = imports.any(|(_, leaf)| leaf.path.first() != Some(first))
            || source.declaring(&name).any(|item| !is_value(item));
        if is_own {
            self.entry(first, scope, Kind::Other)
        } else {
            self.through_globs(first, scope, Kind::Other)
        }
    }
}
