//! What a path in the crate stands for: modules are walked, imports and globs followed.

use proc_macro2::Ident;
use syn::{Attribute, Item};

use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::modules::visible::is_visible_from_root;
use crate::source::attributes::cfgs;
use crate::source::index::key;
use crate::source::items::declared;

/// Imports of imports are followed so far: a cycle is rustc's to report.
pub(crate) const MOST_STEPS: usize = 12;

/// A function and a type may have the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Function,
    Other,
}

/// What a path stands for.
#[derive(Clone)]
pub(crate) enum Meaning {
    Module(Scope),
    /// An item of a module of this crate.
    Item(Scope, Box<Item>),
    /// Something of another crate: its path, and whether that begins with `::`.
    Outside(Vec<Ident>, bool),
}

/// What a path stands for, and how.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) meaning: Meaning,
    /// Whether the crate's root can use the path as it stands.
    pub(crate) is_nameable: bool,
    /// How many of the path's segments it is; what follows is inside of the item.
    pub(crate) used: usize,
    /// The conditions of the imports on the way.
    pub(crate) cfg: Vec<Attribute>,
}

impl Meaning {
    /// Returns the path of where it is defined.
    pub(crate) fn path(&self) -> Vec<Ident> {
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
    pub(crate) fn locate(&mut self, path: &[Ident], kind: Kind) -> Option<Located> {
        self.globbed.begin();
        self.locate_in(path, kind, MOST_STEPS)
    }

    /// Finds what a path stands for in a module, from where it can see what is private around it.
    pub(crate) fn locate_from(
        &mut self,
        scope: &Scope,
        path: &[Ident],
        kind: Kind,
    ) -> Option<Located> {
        // Most names are of the language or its library.
        if !path
            .first()
            .is_some_and(|first| scope.source.may_have(first))
        {
            return None;
        }
        self.globbed.begin();
        let is_reachable = scope.is_reachable;
        self.walk(scope.clone(), path, is_reachable, kind, MOST_STEPS)
    }

    pub(crate) fn locate_in(
        &mut self,
        path: &[Ident],
        kind: Kind,
        steps: usize,
    ) -> Option<Located> {
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
    pub(crate) fn walk(
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
    pub(crate) fn entry(
        &mut self,
        name: &Ident,
        scope: &Scope,
        kind: Kind,
        steps: usize,
    ) -> Option<Located> {
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
}

/// Tells whether there is a `macro_rules!` of a name.
fn has_macro(items: &[Item], name: &Ident) -> bool {
    items
        .iter()
        .any(|item| matches!(item, Item::Macro(item) if item.ident.as_ref() == Some(name)))
}
