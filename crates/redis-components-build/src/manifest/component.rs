use super::cfg;
use super::connections;
use super::functions;
use super::names;
use super::source_path;
use super::wait;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;
use crate::manifest::cfg::Condition;
use crate::manifest::functions::Function;
use crate::manifest::source_path::SourcePath;
use crate::manifest::table::{Table, Text};

/// A component as the manifest describes it.
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) spot: Spot,
    pub(crate) doc: Option<String>,
    pub(crate) key: String,
    /// Whether the manifest gives the whole key, and not a prefix and a name.
    pub(crate) has_own_key: bool,
    pub(crate) wait_in_milliseconds: u64,
    pub(crate) connections: u64,
    pub(crate) cfg: Option<Condition>,
    /// `None` if nothing names the source.
    pub(crate) source: Option<SourcePath>,
    pub(crate) functions: Vec<Function>,
}

/// Reads the tables `[components.…]`, sorted by name.
pub(super) fn read_all(
    table: &Table<'_>,
    key_prefix: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Component> {
    let mut components: Vec<Component> = table
        .tables(diagnostics)
        .into_iter()
        .filter_map(|(name, table)| {
            let is_valid = names::check_component(&name, diagnostics);
            let component = read(&name, &table?, key_prefix, is_valid, diagnostics);
            is_valid.then_some(component).flatten()
        })
        .collect();
    components.sort_by(|left, right| left.name.cmp(&right.name));
    components
}

fn read(
    name: &Text<'_>,
    table: &Table<'_>,
    key_prefix: &str,
    is_valid: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Component> {
    table.check_keys(diagnostics);
    let doc = table
        .text("doc", diagnostics)
        .map(|doc| doc.value.to_owned());
    let own_key = read_key(table, diagnostics);
    let wait_in_milliseconds = wait::read(table, diagnostics);
    let connections = connections::read(table, diagnostics);
    let cfg = cfg::read(table, diagnostics);
    let functions = functions::read(table, diagnostics);
    // A name that cannot name a module gives no default source either.
    let source = if is_valid || table.get("source").is_some() {
        source_path::read(name, table, diagnostics)
    } else {
        None
    };
    Some(Component {
        name: name.value.to_owned(),
        spot: name.spot.clone(),
        doc,
        has_own_key: own_key.is_some(),
        key: own_key.unwrap_or_else(|| format!("{key_prefix}{}", name.value)),
        wait_in_milliseconds,
        connections,
        cfg,
        source,
        functions,
    })
}

fn read_key(table: &Table<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let key = table.text("key", diagnostics)?;
    if key.value.is_empty() {
        let error = Diagnostic::error("a config key cannot be empty", &key.spot, "empty");
        let help = "remove it for the default: the prefix and the component's name";
        diagnostics.error(error.help(help));
    }
    Some(key.value.to_owned())
}
