use std::collections::BTreeMap;

use toml::de::DeValue;

use super::names;
use super::table::Table;
use crate::diagnostics::{Diagnostic, Diagnostics, Spot};

/// A function that the manifest lists.
pub(crate) struct FunctionName {
    /// Without `r#`.
    pub(crate) name: String,
    pub(crate) spot: Spot,
}

/// Reads the list `functions`.
pub(super) fn read(table: &Table<'_>, diagnostics: &mut Diagnostics) -> Vec<FunctionName> {
    const WANTED: &str = "an array of function names";
    let Some((_, value)) = table.get("functions") else {
        return Vec::new();
    };
    let DeValue::Array(list) = value.get_ref() else {
        table.wrong_type("functions", WANTED, value, diagnostics);
        return Vec::new();
    };
    let mut functions: Vec<FunctionName> = Vec::new();
    let mut known: BTreeMap<String, Spot> = BTreeMap::new();
    for value in list.iter() {
        let Some(text) = table.as_text("functions", WANTED, value, diagnostics) else {
            continue;
        };
        if !names::check_function(&text, diagnostics) {
            continue;
        }
        let name = text
            .value
            .strip_prefix("r#")
            .unwrap_or(text.value)
            .to_owned();
        if let Some(first) = known.get(&name) {
            let message = format!("the function `{name}` is listed twice");
            diagnostics.error(
                Diagnostic::error(message, &text.spot, "listed again")
                    .context(first, "first listed here")
                    .help("remove one of the two"),
            );
            continue;
        }
        known.insert(name.clone(), text.spot.clone());
        functions.push(FunctionName {
            name,
            spot: text.spot,
        });
    }
    functions
}
