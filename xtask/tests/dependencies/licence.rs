//! Expressions of licences, as SPDX and older crates write them.

use std::collections::BTreeSet;

/// Returns `true` if the accepted licences are enough to use what has this licence.
pub(crate) fn is_accepted(expression: &str, accepted: &BTreeSet<String>) -> bool {
    // In older crates a slash is an `OR`.
    let expression = expression.replace('/', " OR ");
    split(&expression, " AND ").iter().all(|part| {
        split(part, " OR ").iter().any(|part| {
            let inner = part
                .strip_prefix('(')
                .and_then(|part| part.strip_suffix(')'));
            match inner {
                Some(inner) => is_accepted(inner, accepted),
                None => accepted.contains(*part),
            }
        })
    })
}

/// Splits at a word that stands outside of all brackets.
fn split<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_i32);
    for (at, c) in expression.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && at >= from && expression[at..].starts_with(word) {
            parts.push(expression[from..at].trim());
            from = at + word.len();
        }
    }
    parts.push(expression[from..].trim());
    parts
}

#[test]
fn an_expression_needs_one_licence_of_each_choice() {
    let accepted = ["MIT", "ISC"].map(str::to_owned).into();
    for expression in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0/MIT",
        "MIT AND ISC",
        "(MIT OR GPL-3.0) AND ISC",
        "(GPL-3.0 OR (ISC AND MIT))",
    ] {
        assert!(is_accepted(expression, &accepted), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR GPL-3.0) AND GPL-3.0",
        "MIT WITH exception",
        "GPL-3.0 OR MIT AND GPL-3.0",
    ] {
        assert!(!is_accepted(expression, &accepted), "{expression}");
    }
}
