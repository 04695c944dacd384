//! The kinds of items that a path can stand for.

use std::rc::Rc;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, Item};

use crate::modules::scope::Scope;
use crate::source::attributes::without_repetitions;
use crate::source::items::declared;

/// A function and a type may have the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Function,
    Other,
}

/// The item that a path stands for.
#[derive(Clone)]
pub(crate) enum Meaning {
    Module(Scope),
    /// An item of a module of this crate.
    Item(Scope, Rc<Item>),
    /// An item of another crate: its path, and `true` if the path begins with `::`.
    Outside(Vec<Ident>, bool),
}

/// The item that a path stands for, and how the path leads to it.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) meaning: Meaning,
    /// Whether the crate's root can use the path as it is.
    pub(crate) is_nameable: bool,
    /// The number of the path's segments up to the item. The other segments are inside of the item.
    pub(crate) used: usize,
    /// The conditions of the declarations on the path.
    pub(crate) cfg: Vec<Attribute>,
}

/// The whole path that one end of a `use` item imports.
pub(crate) struct Target {
    pub(crate) path: Vec<Ident>,
    /// Whether the path begins with `::`.
    pub(crate) has_colon: bool,
    /// The conditions of the imports that the path goes through.
    pub(crate) cfg: Vec<Attribute>,
}

impl Target {
    /// Returns `true` if the path begins with `crate`.
    pub(crate) fn is_own(&self) -> bool {
        !self.has_colon && self.path.first().is_some_and(|first| first == "crate")
    }
}

impl Meaning {
    /// Returns the path of the definition.
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

    /// Returns `true` if it is an item of another crate, by a path that begins with `::`.
    pub(crate) fn has_colon(&self) -> bool {
        matches!(self, Self::Outside(_, true))
    }

    /// Returns a text that is different for each item, also if two have the same path.
    fn id(&self) -> String {
        let path: Vec<String> = self.path().iter().map(ToString::to_string).collect();
        match self {
            Self::Module(scope) => scope.id.to_string(),
            Self::Item(scope, item) => {
                let place = declared(item).map(|(_, ident, _)| ident.span().byte_range().start);
                format!("{} {} {place:?}", scope.id, path.join("::"))
            }
            Self::Outside(_, has_colon) => format!("{has_colon} {}", path.join("::")),
        }
    }
}

/// Removes duplicates. Of equal items, it keeps the item without conditions, if there is one.
pub(crate) fn without_twice(found: Vec<Located>) -> Vec<Located> {
    let mut kept: Vec<(String, String, Located)> = Vec::new();
    for mut located in found {
        located.cfg = without_repetitions(located.cfg);
        let cfg = located
            .cfg
            .iter()
            .map(|cfg| cfg.to_token_stream().to_string());
        let (id, cfg) = (located.meaning.id(), cfg.collect::<String>());
        let is_known = |known: &(String, String, Located)| {
            known.0 == id && (known.1.is_empty() || known.1 == cfg)
        };
        if kept.iter().any(is_known) {
            continue;
        }
        if cfg.is_empty() {
            kept.retain(|known| known.0 != id);
        }
        kept.push((id, cfg, located));
    }
    kept.into_iter().map(|(_, _, located)| located).collect()
}
