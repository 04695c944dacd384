//! One `use` item of a generated module.

use proc_macro2::Ident;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Item, ItemUse};

use super::Source;
use super::items::declared;
use super::use_tree::Leaf;
use crate::module_path::ModulePath;
use crate::rewrite::resolve;

/// One name, or everything, brought into a generated module.
pub(crate) struct Import {
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) leading_colon: bool,
    pub(crate) path: Vec<Ident>,
    pub(crate) rename: Option<Ident>,
    pub(crate) is_glob: bool,
}

/// Copies one end of a `use` item, meaning the same from anywhere in the crate.
pub(super) fn copied(
    leaf: &Leaf,
    item: &ItemUse,
    source: &Source,
    module: &ModulePath,
) -> Option<Import> {
    let mut path = leaf.path.clone();
    let leading_colon = item.leading_colon.is_some();
    if !leading_colon {
        let first = path.first()?.clone();
        if let Some((mut prefix, used)) = resolve(&path, module) {
            prefix.extend(path.drain(used..));
            path = prefix;
        } else if is_declared(&first, source) {
            let mut prefix = module.idents();
            prefix.append(&mut path);
            path = prefix;
        }
    }
    // `use redis::{self, …}`: a crate's name resolves without.
    if path.len() == 1 && !leaf.is_renamed && !leaf.is_glob {
        return None;
    }
    Some(Import {
        cfg: cfgs(&item.attrs),
        leading_colon,
        path,
        rename: leaf.is_renamed.then(|| leaf.name.clone()),
        is_glob: leaf.is_glob,
    })
}

/// Imports an item of the file itself.
pub(super) fn local(ident: &Ident, item: &Item, module: &ModulePath) -> Import {
    let mut path = module.idents();
    path.push(ident.clone());
    Import {
        cfg: attributes(item).map(cfgs).unwrap_or_default(),
        leading_colon: false,
        path,
        rename: None,
        is_glob: false,
    }
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

pub(super) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .cloned()
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
