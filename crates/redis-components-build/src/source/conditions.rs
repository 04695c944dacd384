//! Conditions, and if they can hold together, as far as their text shows.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token, parse_quote};

/// With more names than this, the conditions always count as able to hold together.
const MOST_NAMES: usize = 10;

/// The keys of which a target has only one value.
const SINGLE: [&str; 7] = [
    "panic",
    "target_arch",
    "target_endian",
    "target_env",
    "target_os",
    "target_pointer_width",
    "target_vendor",
];

/// Returns `false` if `#[cfg(…)]` attributes certainly exclude each other.
pub(crate) fn may_hold<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
    let mut names = BTreeMap::new();
    let mut conditions = Vec::new();
    for attribute in attributes {
        let Ok(meta) = attribute.parse_args::<Meta>() else {
            continue;
        };
        collect(&meta, &mut names);
        conditions.push(meta);
    }
    if conditions.len() < 2 || names.len() > MOST_NAMES {
        return true;
    }
    (0..1_usize << names.len()).any(|bits| {
        let is_set = |name: &str| names.get(name).is_some_and(|place| bits >> place & 1 == 1);
        let is_possible = is_possible(&names, &is_set);
        is_possible && conditions.iter().all(|meta| holds(meta, &is_set))
    })
}

/// Returns the condition that holds if none of several lists of conditions does. Returns `None` if
/// a list is empty, or if there are no lists.
pub(crate) fn otherwise(lists: &[Vec<Attribute>]) -> Option<Attribute> {
    let mut lists: Vec<TokenStream> = lists
        .iter()
        .map(|list| {
            let metas: Option<Vec<Meta>> = list.iter().map(|cfg| cfg.parse_args().ok()).collect();
            match metas?.as_slice() {
                [] => None,
                [only] => Some(only.to_token_stream()),
                metas => Some(quote!(all(#(#metas),*))),
            }
        })
        .collect::<Option<_>>()?;
    match lists.as_mut_slice() {
        [] => None,
        [only] => Some(parse_quote!(#[cfg(not(#only))])),
        lists => Some(parse_quote!(#[cfg(not(any(#(#lists),*)))])),
    }
}

fn text(meta: &Meta) -> String {
    meta.to_token_stream().to_string()
}

/// Numbers the names in the conditions.
fn collect(meta: &Meta, names: &mut BTreeMap<String, usize>) {
    match inside(meta) {
        Some(inside) => inside.iter().for_each(|meta| collect(meta, names)),
        None => {
            let place = names.len();
            names.entry(text(meta)).or_insert(place);
        }
    }
}

fn inside(meta: &Meta) -> Option<Punctuated<Meta, Token![,]>> {
    let list = meta.require_list().ok()?;
    list.parse_args_with(Punctuated::parse_terminated).ok()
}

fn holds(meta: &Meta, is_set: &impl Fn(&str) -> bool) -> bool {
    let Some(inside) = inside(meta) else {
        return is_set(&text(meta));
    };
    let mut inside = inside.iter();
    if meta.path().is_ident("all") {
        inside.all(|meta| holds(meta, is_set))
    } else if meta.path().is_ident("any") {
        inside.any(|meta| holds(meta, is_set))
    } else {
        !inside.all(|meta| holds(meta, is_set))
    }
}

/// Returns `true` if a target can have exactly these names.
fn is_possible(names: &BTreeMap<String, usize>, is_set: &impl Fn(&str) -> bool) -> bool {
    let set: Vec<&str> = names
        .keys()
        .map(String::as_str)
        .filter(|n| is_set(n))
        .collect();
    let has_two = SINGLE.iter().any(|key| {
        let of_key = set
            .iter()
            .filter(|name| name.split(" =").next() == Some(key));
        of_key.count() > 1
    });
    let is = |words: &[&str]| set.iter().any(|name| words.contains(name));
    let is_windows = is(&[
        "windows",
        "target_os = \"windows\"",
        "target_family = \"windows\"",
    ]);
    let is_unix = is(&[
        "unix",
        "target_family = \"unix\"",
        "target_os = \"linux\"",
        "target_os = \"macos\"",
        "target_os = \"ios\"",
        "target_os = \"android\"",
        "target_os = \"freebsd\"",
    ]);
    !(has_two || is_windows && is_unix)
}

#[cfg(test)]
mod tests {
    use syn::{Attribute, parse_quote};

    use super::may_hold;

    #[test]
    fn what_excludes_each_other_is_seen() {
        let cases: [(Attribute, Attribute, bool); 8] = [
            (
                parse_quote!(#[cfg(test)]),
                parse_quote!(#[cfg(not(test))]),
                false,
            ),
            (
                parse_quote!(#[cfg(unix)]),
                parse_quote!(#[cfg(windows)]),
                false,
            ),
            (parse_quote!(#[cfg(unix)]), parse_quote!(#[cfg(test)]), true),
            (
                parse_quote!(#[cfg(target_os = "linux")]),
                parse_quote!(#[cfg(target_os = "macos")]),
                false,
            ),
            (
                parse_quote!(#[cfg(target_os = "linux")]),
                parse_quote!(#[cfg(windows)]),
                false,
            ),
            (
                parse_quote!(#[cfg(feature = "a")]),
                parse_quote!(#[cfg(feature = "b")]),
                true,
            ),
            (
                parse_quote!(#[cfg(all(feature = "a", not(feature = "b")))]),
                parse_quote!(#[cfg(any(feature = "b", not(feature = "a")))]),
                false,
            ),
            (
                parse_quote!(#[cfg(any())]),
                parse_quote!(#[cfg(test)]),
                false,
            ),
        ];
        for (one, other, expected) in cases {
            assert_eq!(
                may_hold([&one, &other]),
                expected,
                "{}",
                quote::quote!(#one #other)
            );
        }
    }
}
