//! The features that conditions name, as far as `Cargo.toml` tells.

use std::collections::BTreeSet;
use std::path::Path;

use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, Meta, Token};
use toml::de::{DeTable, DeValue};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::files::Files;
use crate::manifest::cfg::Condition;
use crate::manifest::component::Component;
use crate::nearest::nearest;

/// Refuses conditions on features that the package does not have, and features without `feature =`.
pub(crate) fn check(components: &[Component], files: &dyn Files, diagnostics: &mut Diagnostics) {
    let mut conditions = components
        .iter()
        .filter_map(|component| component.cfg.as_ref());
    let Some(first) = conditions.next() else {
        return;
    };
    // Without it, or where it cannot be read, rustc has the word.
    let Some(features) = features(files) else {
        return;
    };
    for condition in std::iter::once(first).chain(conditions) {
        check_condition(condition, &condition.meta, &features, diagnostics);
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

/// Returns `true` if a name alone is a condition that every compiler knows.
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

/// Returns the features of the package, and those that optional dependencies are.
fn features(files: &dyn Files) -> Option<BTreeSet<String>> {
    let path = Path::new("Cargo.toml");
    files.exists(path).then_some(())?;
    let text = String::from_utf8(files.read(path).ok()?).ok()?;
    let (document, errors) = DeTable::parse_recoverable(&text);
    errors.is_empty().then_some(())?;
    let document = document.get_ref();
    document.get("package")?;
    let mut features = BTreeSet::new();
    if let Some(table) = table(document, "features") {
        features.extend(table.keys().map(|name| name.get_ref().to_string()));
    }
    add_optional(document, &mut features);
    for target in table(document, "target")
        .into_iter()
        .flat_map(DeTable::values)
    {
        if let DeValue::Table(target) = target.get_ref() {
            add_optional(target, &mut features);
        }
    }
    Some(features)
}

fn add_optional(document: &DeTable<'_>, features: &mut BTreeSet<String>) {
    let kinds = ["dependencies", "build-dependencies"];
    for dependencies in kinds.into_iter().filter_map(|kind| table(document, kind)) {
        for (name, dependency) in dependencies {
            if let DeValue::Table(dependency) = dependency.get_ref()
                && dependency
                    .get("optional")
                    .is_some_and(|optional| matches!(optional.get_ref(), DeValue::Boolean(true)))
            {
                features.insert(name.get_ref().to_string());
            }
        }
    }
}

fn table<'a>(document: &'a DeTable<'a>, name: &str) -> Option<&'a DeTable<'a>> {
    match document.get(name)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}
