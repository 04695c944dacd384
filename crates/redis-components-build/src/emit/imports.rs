use syn::{Item, ItemUse, parse_quote};

use crate::source::Import;

/// Writes an import as a `use` item of its own.
pub(super) fn item(import: &Import) -> Item {
    let cfg = &import.cfg;
    let colon = import.leading_colon.then(<syn::Token![::]>::default);
    let path = &import.path;
    let item: ItemUse = match (&import.rename, import.is_glob) {
        (Some(name), _) => parse_quote!(#(#cfg)* use #colon #(#path)::* as #name;),
        (None, true) => parse_quote!(#(#cfg)* use #colon #(#path)::*::*;),
        (None, false) => parse_quote!(#(#cfg)* use #colon #(#path)::*;),
    };
    Item::Use(item)
}
