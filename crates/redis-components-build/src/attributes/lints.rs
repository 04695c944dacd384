use std::collections::BTreeSet;

use quote::ToTokens;
use syn::{Attribute, Meta};

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
