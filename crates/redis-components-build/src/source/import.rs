//! One `use` item of a generated module.

use proc_macro2::Ident;
use quote::quote;
use syn::ext::IdentExt;
use syn::{AttrStyle, Attribute, Item, ItemUse};

use super::items::declared;
use super::use_tree::Leaf;
use super::{Scope, Source, is_visible_from_root};
use crate::rewrite::resolve;

/// One name, or everything, brought into a generated module.
#[derive(Clone)]
pub(crate) struct Import {
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) leading_colon: bool,
    pub(crate) path: Vec<Ident>,
    pub(crate) rename: Option<Ident>,
    pub(crate) is_glob: bool,
}

impl Import {
    /// Returns the name that it declares.
    pub(super) fn name(&self) -> String {
        let name = self.rename.as_ref().or(self.path.last());
        name.map(|name| name.unraw().to_string())
            .unwrap_or_default()
    }
}

/// Copies one end of a `use` item, meaning the same from anywhere in the crate.
pub(super) fn copied(leaf: &Leaf, item: &ItemUse, scope: &Scope) -> Option<Import> {
    let path = resolved(leaf, item, scope);
    // `use redis::{self, …}`: a crate's name resolves without.
    if path.is_empty() || path.len() == 1 && !leaf.is_renamed && !leaf.is_glob {
        return None;
    }
    let mut cfg = scope.source.cfg.clone();
    cfg.extend(cfgs(&item.attrs));
    Some(Import {
        cfg,
        leading_colon: item.leading_colon.is_some(),
        path,
        rename: leaf.is_renamed.then(|| leaf.name.clone()),
        is_glob: leaf.is_glob,
    })
}

/// Imports what the module re-exports from the module itself: what is behind may be in a private one.
pub(super) fn exported(leaf: &Leaf, item: &ItemUse, scope: &Scope) -> Option<Import> {
    if !is_visible_from_root(&item.vis, &scope.module) {
        return None;
    }
    of_module(&leaf.name, &item.attrs, scope)
}

/// Returns the path of one end of a `use` item: from `crate` where it is of this crate, as far as the
/// module itself tells.
pub(super) fn resolved(leaf: &Leaf, item: &ItemUse, scope: &Scope) -> Vec<Ident> {
    let mut path = leaf.path.clone();
    if item.leading_colon.is_some() {
        return path;
    }
    let Some(first) = path.first().cloned() else {
        return path;
    };
    if let Some((mut prefix, used)) = resolve(&path, &scope.module) {
        prefix.extend(path.drain(used..));
        prefix
    } else if is_declared(&first, &scope.source) {
        let mut prefix = scope.module.idents();
        prefix.append(&mut path);
        prefix
    } else {
        path
    }
}

/// Imports an item of the module itself, if the crate's root can name it.
pub(super) fn local(ident: &Ident, item: &Item, scope: &Scope) -> Option<Import> {
    of_module(ident, attributes(item).unwrap_or_default(), scope)
}

/// Imports a name of the module itself.
fn of_module(name: &Ident, attributes: &[Attribute], scope: &Scope) -> Option<Import> {
    let path = scope.path_of(name)?;
    let rename = path.last().filter(|last| *last != name).is_some();
    let mut cfg = scope.source.cfg.clone();
    cfg.extend(cfgs(attributes));
    Some(Import {
        cfg,
        leading_colon: false,
        path,
        rename: rename.then(|| name.clone()),
        is_glob: false,
    })
}

/// Tells whether the file itself declares a name that a path can begin with.
fn is_declared(name: &Ident, source: &Source) -> bool {
    source
        .items
        .iter()
        .filter(|item| !matches!(item, Item::Const(_) | Item::Fn(_) | Item::Static(_)))
        .filter_map(declared)
        .any(|(_, ident, _)| ident == name)
}

/// Returns the name that an import needs other imports for.
pub(super) fn first_name(import: &Import) -> Option<String> {
    let first = import.path.first()?;
    (!import.leading_colon && first != "crate").then(|| first.unraw().to_string())
}

/// Returns the conditions among attributes, as they stand before an item.
pub(super) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .map(|attribute| Attribute {
            style: AttrStyle::Outer,
            ..attribute.clone()
        })
        .collect()
}

fn attributes(item: &Item) -> Option<&[Attribute]> {
    Some(match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        _ => return None,
    })
}

/// What imports are sorted by, the crate's own names first, and what tells two of them apart.
pub(super) fn sort_key(import: &Import) -> (bool, String, bool, Option<String>, String) {
    let path: Vec<String> = import.path.iter().map(ToString::to_string).collect();
    let cfg = &import.cfg;
    (
        path.first().is_none_or(|first| first != "crate"),
        path.join("::"),
        import.is_glob,
        import.rename.as_ref().map(ToString::to_string),
        quote!(#(#cfg)*).to_string(),
    )
}
