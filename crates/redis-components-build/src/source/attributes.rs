//! Readers of attributes.

use std::collections::BTreeSet;

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{AttrStyle, Attribute, Item, Meta, Token, parse_quote};

/// Returns the conditions among attributes, as attributes for an item.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    let mut all = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("cfg") {
            all.push(Attribute {
                style: AttrStyle::Outer,
                ..attribute.clone()
            });
        } else if attribute.path().is_ident("cfg_attr") {
            let mut metas = inner(&attribute.meta).into_iter().flatten();
            let Some(condition) = metas.next() else {
                continue;
            };
            for meta in metas.filter(|meta| meta.path().is_ident("cfg")) {
                let inside = meta.require_list().map(|list| list.tokens.clone());
                all.extend(inside.map(|inside| -> Attribute {
                    parse_quote!(#[cfg(any(not(#condition), #inside))])
                }));
            }
        }
    }
    all
}

/// Removes duplicates of conditions, and keeps the first.
pub(crate) fn without_repetitions(cfg: Vec<Attribute>) -> Vec<Attribute> {
    let mut known = BTreeSet::new();
    cfg.into_iter()
        .filter(|attribute| known.insert(attribute.to_token_stream().to_string()))
        .collect()
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns the lints that attributes allow or expect.
pub(crate) fn allowed_lints(attributes: &[Attribute]) -> BTreeSet<String> {
    let metas = attributes.iter().map(|attribute| &attribute.meta);
    let levels = metas.flat_map(|meta| ["allow", "expect"].map(|level| (meta, level)));
    let lists = levels.filter(|(meta, level)| meta.path().is_ident(level));
    lists
        .flat_map(|(meta, level)| named_lints(meta, level))
        .collect()
}

/// Returns the lints for which an attribute sets a level, also inside of `cfg_attr`.
pub(crate) fn named_lints(meta: &Meta, level: &str) -> Vec<String> {
    let inside = inner(meta).into_iter().flatten();
    if meta.path().is_ident("cfg_attr") {
        return inside
            .skip(1)
            .flat_map(|meta| named_lints(&meta, level))
            .collect();
    }
    if !meta.path().is_ident(level) {
        return Vec::new();
    }
    let lints = inside.filter_map(|meta| match meta {
        Meta::Path(lint) => Some(lint.to_token_stream().to_string().replace(' ', "")),
        // A reason is not a lint.
        Meta::List(_) | Meta::NameValue(_) => None,
    });
    lints.collect()
}

/// Returns the contents of an attribute's parentheses.
pub(crate) fn inner(meta: &Meta) -> Option<Punctuated<Meta, Token![,]>> {
    let list = meta.require_list().ok()?;
    list.parse_args_with(Punctuated::parse_terminated).ok()
}
