//! Attributes, read.

use std::collections::BTreeSet;

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{AttrStyle, Attribute, Item, Meta, Token};

/// Returns the conditions among attributes, as they stand before an item.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .map(|attribute| Attribute {
            style: AttrStyle::Outer,
            ..attribute.clone()
        })
        .collect()
}

/// Keeps the first of equal conditions.
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
    attributes
        .iter()
        .filter(|attribute| {
            ["allow", "expect"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        })
        .filter_map(|attribute| inner(&attribute.meta))
        .flatten()
        .filter_map(|meta| match meta {
            Meta::Path(lint) => Some(lint.to_token_stream().to_string().replace(' ', "")),
            // A reason is no lint.
            Meta::List(_) | Meta::NameValue(_) => None,
        })
        .collect()
}

/// Returns what stands in an attribute's parentheses.
pub(crate) fn inner(meta: &Meta) -> Option<Punctuated<Meta, Token![,]>> {
    let list = meta.require_list().ok()?;
    list.parse_args_with(Punctuated::parse_terminated).ok()
}
