use std::collections::BTreeMap;

use toml::de::DeValue;

use super::names;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;
use crate::manifest::table::{Table, Text};

/// A function that the manifest lists.
pub(crate) struct Function {
    /// The name without `r#`.
    pub(crate) name: String,
    pub(crate) spot: Spot,
    /// The kind of its return type, if the manifest gives it.
    pub(crate) returns: Option<Returns>,
    /// Whether each call has its own connection.
    pub(crate) is_dedicated: bool,
    /// Whether waits and subscriptions stay on their server when the component moves.
    pub(crate) stays: bool,
}

/// The kind of a return type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    Result,
    Value,
}

/// Reads `functions`, in both forms.
pub(super) fn read(component: &Table<'_>, diagnostics: &mut Diagnostics) -> Vec<Function> {
    let Some((_, value)) = component.get("functions") else {
        return Vec::new();
    };
    let functions = match value.get_ref() {
        DeValue::Array(list) => list
            .iter()
            .filter_map(|value| {
                let name = component.as_text("functions", value, diagnostics)?;
                function(&name, diagnostics)
            })
            .collect(),
        DeValue::Table(_) => component
            .table("functions", diagnostics)
            .map(|table| table.tables(diagnostics))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, options)| with_options(&name, &options?, diagnostics))
            .collect(),
        _ => {
            component.wrong_type("functions", value, diagnostics);
            Vec::new()
        }
    };
    without_repetitions(functions, diagnostics)
}

fn with_options(
    name: &Text<'_>,
    options: &Table<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Function> {
    options.check_keys(diagnostics);
    let is_dedicated = options.word("connection", diagnostics) == Some("dedicated");
    let stays = options.word("after-move", diagnostics) == Some("stay");
    let returns = options.word("returns", diagnostics).map(|word| match word {
        "result" => Returns::Result,
        _ => Returns::Value,
    });
    Some(Function {
        is_dedicated,
        stays,
        returns,
        ..function(name, diagnostics)?
    })
}

fn function(name: &Text<'_>, diagnostics: &mut Diagnostics) -> Option<Function> {
    if !names::check_function(name, diagnostics) {
        return None;
    }
    let plain = name.value.strip_prefix("r#").unwrap_or(name.value);
    Some(Function {
        name: plain.to_owned(),
        spot: name.spot.clone(),
        returns: None,
        is_dedicated: false,
        stays: false,
    })
}

fn without_repetitions(functions: Vec<Function>, diagnostics: &mut Diagnostics) -> Vec<Function> {
    let mut known: BTreeMap<String, Spot> = BTreeMap::new();
    let mut kept = Vec::new();
    for function in functions {
        if let Some(first) = known.get(&function.name) {
            let message = format!("the function `{}` is listed twice", function.name);
            diagnostics.error(
                Diagnostic::error(message, &function.spot, "listed again")
                    .context(first, "first listed here")
                    .help("remove one of the two"),
            );
        } else {
            known.insert(function.name.clone(), function.spot.clone());
            kept.push(function);
        }
    }
    kept
}
