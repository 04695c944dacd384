//! Literals in copied attributes.

use std::borrow::Cow;

use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Lit};

use crate::diagnostics::file::is_invisible;
use crate::source::file::Source;

/// Returns an attribute with escapes for the characters in its strings that reorder or hide the
/// text around them.
pub(super) fn visible<'a>(attribute: &'a Attribute, source: &Source) -> Cow<'a, Attribute> {
    let spot = source.spot(attribute.span());
    let text = &spot.file.text[spot.range];
    if text.is_ascii() || !text.contains(is_invisible) {
        return Cow::Borrowed(attribute);
    }
    match syn::parse2(escaped(attribute.meta.to_token_stream())) {
        Ok(meta) => Cow::Owned(Attribute {
            meta,
            ..attribute.clone()
        }),
        Err(_) => Cow::Borrowed(attribute),
    }
}

fn escaped(tokens: TokenStream) -> TokenStream {
    let escape = |token| match token {
        TokenTree::Group(group) => Group::new(group.delimiter(), escaped(group.stream())).into(),
        TokenTree::Literal(literal) => match Lit::new(literal.clone()) {
            // A new literal has the escapes.
            Lit::Str(text) => Literal::string(&text.value()).into(),
            _ => literal.into(),
        },
        other => other,
    };
    tokens.into_iter().map(escape).collect()
}
