//! Paths among the tokens of a macro's call.

use proc_macro2::{Spacing, TokenTree};

/// Returns `true` if a name after these tokens is a part of a longer path, or a field.
pub(super) fn is_in_path(before: &[TokenTree]) -> bool {
    match before {
        [.., one, other] if is_mark(Some(one), ':') && is_mark(Some(other), ':') => is_joint(one),
        [.., one] => is_mark(Some(one), '.'),
        [] => false,
    }
}

/// Returns `true` if a path goes on with these tokens.
pub(super) fn is_path(after: &[TokenTree]) -> bool {
    let [one, other, ..] = after else {
        return false;
    };
    is_mark(Some(one), ':') && is_joint(one) && is_mark(Some(other), ':')
}

pub(super) fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn is_joint(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint)
}
