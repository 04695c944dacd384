//! Identifiers and keywords.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::Parser;

/// The words that at least one edition reserves, sorted.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The types of the language.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16",
    "u32", "u64", "u128", "usize",
];

/// The types and traits of the prelude.
const PRELUDE: [&str; 38] = [
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "Vec",
];

/// Returns `true` if a word can name an item, with or without `r#`.
pub(crate) fn is_identifier(word: &str) -> bool {
    is_word(word) && !is_path_word(word)
}

/// Returns `true` if a word has a meaning in a path, so that it cannot be a raw identifier.
pub(crate) fn is_path_word(word: &str) -> bool {
    matches!(word, "self" | "Self" | "super" | "crate")
}

/// Returns `true` if a word is reserved in any edition.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// Returns `true` if a word is a type or trait of the prelude.
pub(crate) fn is_in_prelude(word: &str) -> bool {
    PRELUDE.contains(&word)
}

/// Returns `true` if a word is a type of the language.
pub(crate) fn is_primitive(word: &str) -> bool {
    PRIMITIVES.contains(&word)
}

/// Makes an identifier, raw if the word is reserved.
pub(crate) fn ident(word: &str) -> Ident {
    if is_keyword(word) && !is_path_word(word) {
        Ident::new_raw(word, Span::call_site())
    } else {
        Ident::new(word, Span::call_site())
    }
}

fn is_word(word: &str) -> bool {
    // The parser skips white space and comments, but no name contains them.
    Ident::parse_any
        .parse_str(word)
        .is_ok_and(|ident| ident == word && ident != "_" && !word.starts_with("r#"))
}

#[cfg(test)]
mod tests {
    use proc_macro2::Ident;

    use super::{KEYWORDS, ident, is_keyword};

    #[test]
    fn words_of_paths_are_never_raw() {
        for word in ["self", "Self", "super", "crate"] {
            assert_eq!(ident(word), word);
        }
        assert_eq!(ident("type"), "r#type");
    }

    #[test]
    fn every_keyword_makes_an_identifier() {
        for word in KEYWORDS {
            let raw = format!("r#{word}");
            let made = ident(word);
            assert!(made == *word || made == *raw, "{word}");
        }
    }

    #[test]
    fn keywords_are_those_of_the_parser() {
        assert!(KEYWORDS.is_sorted());
        for word in KEYWORDS.into_iter().filter(|word| *word != "gen") {
            assert!(syn::parse_str::<Ident>(word).is_err(), "{word}");
        }
        for word in ["union", "default", "raw", "auto", "r#type", "logs"] {
            assert!(!is_keyword(word), "{word}");
        }
    }
}
