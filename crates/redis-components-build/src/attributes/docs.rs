//! Documentation for the wrapper: the same page, but its examples are no tests. They would run
//! twice, and they call the function with its connection.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, parse_quote};

use crate::attributes::comments::printable;
use crate::files::{directory_of, joined};
use crate::source::attributes::inner;

/// Returns the lines of documentation texts as rustdoc shows them, without the indentation that all
/// of them share.
pub(super) fn lines(texts: &[String]) -> Vec<String> {
    let lines: Vec<String> = texts
        .iter()
        .flat_map(|text| text.split('\n'))
        .map(|line| line.trim_end().to_owned())
        .collect();
    let shared = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|line| line.get(shared..).unwrap_or_default().to_owned())
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(blank)
}

/// Returns `true` if the lines may contain an example: a fence, or an indented line. Both may
/// follow the mark of a list or a quote.
pub(super) fn may_have_examples(lines: &[String]) -> bool {
    lines.iter().any(|line| {
        // Build scripts are compiled without optimisation, and this reads every line.
        let (mut last, mut run) = (0, 0);
        for byte in line.bytes() {
            run = if byte == last { run + 1 } else { 1 };
            last = byte;
            let is_example = match byte {
                b'\t' => true,
                b'`' | b'~' => run == 3,
                b' ' => run == 4,
                _ => false,
            };
            if is_example {
                return true;
            }
        }
        false
    })
}

/// Adds the documentation in an attribute that a macro generates or a condition chooses.
pub(super) fn add_generated(
    meta: &Meta,
    conditions: &[Meta],
    source: &str,
    added: &mut Vec<Attribute>,
) {
    if meta.path().is_ident("cfg_attr") {
        let mut metas = inner(meta).into_iter().flatten();
        let conditions: Vec<Meta> = conditions.iter().cloned().chain(metas.next()).collect();
        for meta in metas {
            add_generated(&meta, &conditions, source, added);
        }
    } else if let Meta::NameValue(meta) = meta
        && meta.path.is_ident("doc")
    {
        match literal(&meta.value) {
            Some(text) => added.extend(untested_lines(conditions, &text)),
            None => added.push(untested(conditions, &value(&meta.value, source))),
        }
    }
}

/// Returns the text of documentation that is a literal.
pub(super) fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// Returns the lines of a text as attributes that doc tests do not see.
pub(super) fn untested_lines(conditions: &[Meta], text: &str) -> impl Iterator<Item = Attribute> {
    let lines = text.split('\n').map(printable);
    lines.map(|line| untested(conditions, &line.into_token_stream()))
}

/// Returns documentation as an attribute that doc tests do not see.
fn untested(conditions: &[Meta], value: &TokenStream) -> Attribute {
    match conditions {
        [] => parse_quote!(#[cfg_attr(not(doctest), doc = #value)]),
        _ => parse_quote!(#[cfg_attr(all(not(doctest), #(#conditions),*), doc = #value)]),
    }
}

/// Returns the value of documentation. The path in `include_str!` is relative to `source`.
fn value(value: &Expr, source: &str) -> TokenStream {
    if let Expr::Macro(call) = value
        && call.mac.path.is_ident("include_str")
        && let Ok(path) = call.mac.parse_body::<LitStr>()
        && let Some(path) = joined(directory_of(source), &path.value())
    {
        let path = format!("/{path}");
        return quote!(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), #path)));
    }
    value.to_token_stream()
}

/// Removes the column of stars from a block comment, as rustc does.
pub(super) fn without_stars(text: &str) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last().is_some_and(|last| last.trim().is_empty()) {
        lines.pop();
    }
    let column = |line: &str| {
        line.trim_start_matches([' ', '\t'])
            .starts_with('*')
            .then(|| line.find('*'))?
    };
    let rest = lines.get(1..).unwrap_or_default();
    let Some(first) = rest.first().and_then(|line| column(line)) else {
        return lines.join("\n");
    };
    if !rest.iter().all(|line| column(line) == Some(first)) {
        return lines.join("\n");
    }
    let head = lines.first().copied().into_iter();
    let rest = rest.iter().map(|line| &line[first + 1..]);
    head.chain(rest).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{lines, may_have_examples, without_stars};

    #[test]
    fn whatever_may_be_an_example_is_seen() {
        for text in [
            "```\nx\n```",
            "- ```\n  x\n  ```",
            "> ~~~\n> x\n> ~~~",
            "```{.rust}\nx\n```",
            "One.\n\n    a();",
            "# Example\n    a();",
            "***\n    a();",
            "1.  item\n\n        a();",
            "-\ta();",
        ] {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            assert!(may_have_examples(&lines), "{text}");
        }
        assert!(!may_have_examples(&["Reads `code`.".to_owned()]));
    }

    #[test]
    fn shared_indentation_goes() {
        let texts = [" One.", "", "   Two."].map(str::to_owned);
        assert_eq!(lines(&texts), ["One.", "", "  Two."]);
    }

    #[test]
    fn stars_of_a_column_go() {
        assert_eq!(
            without_stars(" One.\n * Two.\n *\n * - a\n "),
            " One.\n Two.\n\n - a"
        );
        assert_eq!(
            without_stars("\n   * One.\n   * Two.\n   "),
            "\n One.\n Two."
        );
        assert_eq!(without_stars("\n * one\n two\n"), "\n * one\n two");
        assert_eq!(without_stars(" One. "), " One. ");
        assert_eq!(without_stars("\n  * a\n * b\n"), "\n  * a\n * b");
    }
}
