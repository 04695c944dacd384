//! The features that conditions name, checked against `Cargo.toml`.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, Meta, Token};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::manifest::cfg::Condition;
use crate::manifest::component::Component;
use crate::nearest::nearest;
use crate::package::Package;

/// Refuses conditions on features that the package does not have, and features without `feature =`.
pub(crate) fn check(components: &[Component], package: &Package, diagnostics: &mut Diagnostics) {
    // Without a list of features, only rustc can judge a condition.
    let Some(features) = &package.features else {
        return;
    };
    let conditions = components
        .iter()
        .filter_map(|component| component.cfg.as_ref());
    for condition in conditions {
        check_condition(condition, &condition.meta, features, diagnostics);
    }
}

fn check_condition(
    condition: &Condition,
    meta: &Meta,
    features: &BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) {
    match meta {
        Meta::Path(path) => {
            let name = path.get_ident().map(ToString::to_string);
            if let Some(name) = name.filter(|name| features.contains(name) && !is_cfg(name)) {
                let message = format!("{} is a feature, not a condition", quoted(&name));
                let error = Diagnostic::error(message, &condition.spot, "never true");
                diagnostics.error(error.help(format!("write 'feature = \"{name}\"'")));
            }
        }
        Meta::NameValue(meta) if meta.path.is_ident("feature") => {
            if let Expr::Lit(ExprLit {
                lit: Lit::Str(name),
                ..
            }) = &meta.value
                && !features.contains(&name.value())
            {
                let name = name.value();
                let message = format!("there is no feature {}", quoted(&name));
                let label = "not among the features in `Cargo.toml`";
                let error = Diagnostic::error(message, &condition.spot, label);
                let similar = nearest(&name, features.iter().map(String::as_str));
                diagnostics.error(match similar {
                    Some(similar) => {
                        error.help(format!("a feature with a similar name exists: `{similar}`"))
                    }
                    None => error.help("declare it under `[features]`, or correct the name"),
                });
            }
        }
        Meta::NameValue(_) => {}
        Meta::List(list) => {
            let inside = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            for meta in inside.into_iter().flatten() {
                check_condition(condition, &meta, features, diagnostics);
            }
        }
    }
}

/// Returns `true` if a name without a value is a condition that every compiler knows.
fn is_cfg(name: &str) -> bool {
    matches!(
        name,
        "debug_assertions"
            | "doc"
            | "doctest"
            | "miri"
            | "proc_macro"
            | "test"
            | "unix"
            | "windows"
    )
}
