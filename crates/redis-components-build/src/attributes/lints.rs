use std::collections::BTreeSet;

use quote::ToTokens;
use syn::{Attribute, Meta, parse_quote};

use super::inner;

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

/// Writes one attribute for several lints: naming one of them twice is a lint of its own.
pub(crate) fn allow_lints(lints: &BTreeSet<String>) -> Attribute {
    let lints = lints
        .iter()
        .filter_map(|lint| syn::parse_str::<syn::Path>(lint).ok());
    parse_quote!(#[allow(#(#lints),*)])
}
