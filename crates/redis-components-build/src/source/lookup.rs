//! What a path in the crate stands for: modules are walked, imports and globs followed.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;
use syn::{Attribute, Item, ItemUse};

use super::import::cfgs;
use super::index::key;
use super::items::{declared, is_value};
use super::use_tree::Leaf;
use super::visible::is_visible_from;
use super::{Scope, Sources, is_visible_from_root};
use crate::module_path::ModulePath;
use crate::rewrite::resolve;

/// Imports of imports are followed so far: a cycle is rustc's to report.
const MOST_STEPS: usize = 12;

/// A function and a type may have the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Function,
    Other,
}

/// What a path stands for.
#[derive(Clone)]
pub(super) enum Meaning {
    Module(Scope),
    /// An item of a module of this crate.
    Item(Scope, Box<Item>),
    /// Something of another crate: its path, and whether that begins with `::`.
    Outside(Vec<Ident>, bool),
}

/// What a path stands for, and how.
#[derive(Clone)]
pub(super) struct Located {
    pub(super) meaning: Meaning,
    /// Whether the crate's root can use the path as it stands.
    pub(super) is_nameable: bool,
    /// How many of the path's segments it is; what follows is inside of the item.
    pub(super) used: usize,
    /// The conditions of the imports on the way.
    pub(super) cfg: Vec<Attribute>,
}

/// Names that were looked for in globs: the module, the name and its kind.
#[derive(Default)]
pub(super) struct Globbed {
    found: BTreeMap<(String, String, Kind), Located>,
    /// Also in vain, in the search that is under way.
    looked_for: BTreeSet<(String, String, Kind)>,
}

impl Meaning {
    /// Returns the path of where it is defined.
    pub(super) fn path(&self) -> Vec<Ident> {
        match self {
            Self::Module(scope) => scope.module.idents(),
            Self::Item(scope, item) => {
                let mut path = scope.module.idents();
                path.extend(declared(item).map(|(_, ident, _)| ident.clone()));
                path
            }
            Self::Outside(path, _) => path.clone(),
        }
    }
}

impl Sources<'_> {
    /// Finds what a path that begins with `crate` stands for; `None` where that cannot be seen.
    pub(super) fn locate(&mut self, path: &[Ident], kind: Kind) -> Option<Located> {
        self.globbed.looked_for.clear();
        self.locate_in(path, kind, MOST_STEPS)
    }

    /// Finds what a path stands for in a module, from where it can see what is private around it.
    pub(super) fn locate_from(
        &mut self,
        scope: &Scope,
        path: &[Ident],
        kind: Kind,
    ) -> Option<Located> {
        self.globbed.looked_for.clear();
        let is_reachable = scope.is_reachable;
        self.walk(scope.clone(), path, is_reachable, kind, MOST_STEPS)
    }

    /// Returns the whole path of one end of a `use` item, and whether it begins with `::`.
    pub(super) fn target(
        &mut self,
        leaf: &Leaf,
        item: &ItemUse,
        scope: &Scope,
    ) -> (Vec<Ident>, bool) {
        self.globbed.looked_for.clear();
        self.target_in(leaf, item, scope, MOST_STEPS)
    }

    fn target_in(
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

    fn locate_in(&mut self, path: &[Ident], kind: Kind, steps: usize) -> Option<Located> {
        (path.first()? == "crate").then_some(())?;
        // Without the root's file, a module is where its path says.
        for length in 1..=path.len() {
            if let Some(scope) = self.scope(&ModulePath::of_idents(&path[..length])?) {
                let is_reachable = scope.is_reachable;
                let mut found = self.walk(scope, &path[length..], is_reachable, kind, steps)?;
                found.used += length;
                return Some(found);
            }
        }
        None
    }

    /// Goes from a module along a path.
    fn walk(
        &mut self,
        mut scope: Scope,
        path: &[Ident],
        mut is_nameable: bool,
        kind: Kind,
        steps: usize,
    ) -> Option<Located> {
        let mut cfg = Vec::new();
        for (index, name) in path.iter().enumerate() {
            let kind = if index + 1 == path.len() {
                kind
            } else {
                Kind::Other
            };
            let mut found = self.entry(name, &scope, kind, steps)?;
            found.is_nameable &= is_nameable;
            cfg.append(&mut found.cfg);
            match found.meaning {
                Meaning::Module(inner) => {
                    scope = inner;
                    is_nameable = found.is_nameable;
                }
                Meaning::Outside(mut outer, colon) => {
                    // What is in another crate is there under the rest of the path.
                    outer.extend(path.iter().skip(index + 1).cloned());
                    return Some(Located {
                        meaning: Meaning::Outside(outer, colon),
                        is_nameable: found.is_nameable,
                        used: path.len(),
                        cfg,
                    });
                }
                meaning @ Meaning::Item(..) => {
                    return Some(Located {
                        meaning,
                        is_nameable: found.is_nameable,
                        used: index + 1,
                        cfg,
                    });
                }
            }
        }
        Some(Located {
            meaning: Meaning::Module(scope),
            is_nameable,
            used: path.len(),
            cfg,
        })
    }

    /// Finds what a name stands for in a module.
    fn entry(&mut self, name: &Ident, scope: &Scope, kind: Kind, steps: usize) -> Option<Located> {
        let (ident, name) = (name, key(name));
        let source = scope.source.clone();
        for item in source.declaring(&name) {
            let Some((_, _, visibility)) = declared(item) else {
                continue;
            };
            let is_function = matches!(item, Item::Fn(_));
            // A constant function can stand in a type, and no wrapper has its name.
            let is_constant = matches!(item, Item::Fn(item) if item.sig.constness.is_some());
            if is_function != (kind == Kind::Function) && !is_constant {
                continue;
            }
            let meaning = match item {
                Item::Mod(_) => Meaning::Module(self.scope(&scope.module.child(&name))?),
                item => Meaning::Item(scope.clone(), Box::new(item.clone())),
            };
            return Some(Located {
                meaning,
                is_nameable: is_visible_from_root(visibility, &scope.module),
                used: 1,
                cfg: Vec::new(),
            });
        }
        let steps = steps.checked_sub(1)?;
        for (item, leaf) in source.importing(&name) {
            let (path, colon) = self.target_in(leaf, item, scope, steps);
            if !colon && path.len() == 1 && has_macro(&source.items, &path[0]) {
                return None;
            }
            let is_nameable = is_visible_from_root(&item.vis, &scope.module);
            let mut cfg = cfgs(&item.attrs);
            let meaning = if colon || path.first().is_none_or(|first| first != "crate") {
                Meaning::Outside(path, colon)
            } else {
                let found = self
                    .locate_in(&path, kind, steps)
                    .filter(|found| found.used == path.len());
                match found {
                    Some(found) => {
                        cfg.extend(found.cfg);
                        found.meaning
                    }
                    // A function's name may be that of a type as well.
                    None => continue,
                }
            };
            return Some(Located {
                meaning,
                is_nameable,
                used: 1,
                cfg,
            });
        }
        self.through_globs(ident, scope, kind, steps)
    }

    /// Finds what one of a module's globs brings in under a name. Globs may lead in circles.
    fn through_globs(
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

/// Tells whether there is a `macro_rules!` of a name.
fn has_macro(items: &[Item], name: &Ident) -> bool {
    items
        .iter()
        .any(|item| matches!(item, Item::Macro(item) if item.ident.as_ref() == Some(name)))
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
