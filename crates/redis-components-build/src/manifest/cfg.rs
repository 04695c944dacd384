use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token, parse_quote};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::{Spot, quoted, shown};
use crate::manifest::table::{Table, Text};
use crate::source::nesting::too_deep;

/// The condition under which a component exists.
pub(crate) struct Condition {
    /// The attribute before the generated module.
    pub(crate) attribute: Attribute,
    pub(crate) meta: Meta,
    pub(crate) spot: Spot,
}

/// Reads `cfg`.
pub(super) fn read(component: &Table<'_>, diagnostics: &mut Diagnostics) -> Option<Condition> {
    let text = component.text("cfg", diagnostics)?;
    let is_flat = too_deep(text.value).is_none();
    match is_flat.then(|| syn::parse_str::<Meta>(text.value)) {
        Some(Ok(meta)) if is_condition(&meta) => Some(Condition {
            attribute: parse_quote!(#[cfg(#meta)]),
            meta,
            spot: text.spot,
        }),
        _ => {
            diagnostics.error(not_a_condition(&text));
            None
        }
    }
}

fn not_a_condition(text: &Text<'_>) -> Diagnostic {
    let message = format!("{} is not a condition", quoted(text.value));
    let label = "expected what stands in `#[cfg(…)]`";
    let error = Diagnostic::error(message, &text.spot, label);
    let inside = text.value.trim();
    let inside = inside.strip_prefix("#[").unwrap_or(inside);
    let inside = inside.strip_suffix(']').unwrap_or(inside);
    match inside
        .strip_prefix("cfg(")
        .and_then(|inside| inside.strip_suffix(')'))
    {
        Some(inside) => error.help(format!("leave `cfg` out: '{}'", shown(inside))),
        None => error.help("for example 'feature = \"queue\"', 'unix', or 'not(windows)'"),
    }
}

/// Returns `true` if rustc accepts it as the condition of a `cfg`.
fn is_condition(meta: &Meta) -> bool {
    match meta {
        Meta::Path(path) => path.get_ident().is_some(),
        Meta::NameValue(meta) => {
            meta.path.get_ident().is_some()
                && matches!(
                    &meta.value,
                    Expr::Lit(ExprLit {
                        lit: Lit::Str(_),
                        ..
                    })
                )
        }
        Meta::List(list) => {
            let Ok(inside) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            else {
                return false;
            };
            let is = |name: &str| list.path.is_ident(name);
            (is("all") || is("any") || (is("not") && inside.len() == 1))
                && inside.iter().all(is_condition)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_condition;

    #[test]
    fn conditions_are_those_of_rustc() {
        for (text, expected) in [
            ("unix", true),
            ("feature = \"queue\"", true),
            ("all(unix, not(feature = \"a\"), any())", true),
            ("feature = queue", false),
            ("feature(\"queue\")", false),
            ("not(unix, windows)", false),
            ("a::b", false),
            ("feature = 1", false),
        ] {
            let condition = syn::parse_str(text);
            assert_eq!(
                condition.is_ok_and(|c| is_condition(&c)),
                expected,
                "{text}"
            );
        }
    }
}
