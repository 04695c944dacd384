use std::collections::BTreeSet;

use proc_macro2::{Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::{AttrStyle, Attribute, MacroDelimiter, Meta, MetaList};

use crate::nodes::path::path;

/// `#[allow(lints)]`
pub(crate) fn allow(lints: &BTreeSet<String>) -> Attribute {
    let mut tokens: Vec<TokenTree> = Vec::new();
    for lint in lints {
        if !tokens.is_empty() {
            tokens.push(mark(',', Spacing::Alone));
        }
        for (index, segment) in lint.split("::").enumerate() {
            if index > 0 {
                tokens.push(mark(':', Spacing::Joint));
                tokens.push(mark(':', Spacing::Alone));
            }
            tokens.extend(word(segment).map(TokenTree::from));
        }
    }
    Attribute {
        pound_token: Default::default(),
        style: AttrStyle::Outer,
        bracket_token: Default::default(),
        meta: Meta::List(MetaList {
            path: path(&["allow"]),
            delimiter: MacroDelimiter::Paren(Default::default()),
            tokens: TokenStream::from_iter(tokens),
        }),
    }
}

/// Returns a segment of a lint's path, which may be a keyword. Returns `None` before a leading
/// `::`.
fn word(segment: &str) -> Option<Ident> {
    match segment.strip_prefix("r#") {
        Some(word) => Some(Ident::new_raw(word, Span::call_site())),
        None if segment.is_empty() => None,
        None => Some(Ident::new(segment, Span::call_site())),
    }
}

fn mark(character: char, spacing: Spacing) -> TokenTree {
    Punct::new(character, spacing).into()
}
