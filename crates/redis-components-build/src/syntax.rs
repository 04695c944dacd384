//! Identifiers and keywords.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::Parser;

/// Tells whether a word can name an item, as it is or as a raw identifier.
pub(crate) fn is_identifier(word: &str) -> bool {
    is_word(word) && !matches!(word, "self" | "Self" | "super" | "crate")
}

/// Tells whether a word is reserved in any edition.
pub(crate) fn is_keyword(word: &str) -> bool {
    is_word(word) && (word == "gen" || syn::parse_str::<Ident>(word).is_err())
}

/// Makes an identifier, raw where the word is reserved.
pub(crate) fn ident(word: &str) -> Ident {
    if is_keyword(word) {
        Ident::new_raw(word, Span::call_site())
    } else {
        Ident::new(word, Span::call_site())
    }
}

fn is_word(word: &str) -> bool {
    // The parser skips white space and comments, which no name has.
    Ident::parse_any
        .parse_str(word)
        .is_ok_and(|ident| ident == word && ident != "_" && !word.starts_with("r#"))
}
