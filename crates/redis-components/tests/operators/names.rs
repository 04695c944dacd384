//! The names of metrics, in code and in texts.

use std::collections::BTreeSet;
use std::path::PathBuf;

use redis_components::describe_metrics;

use crate::common::recorder::Recorded;

const PREFIX: &str = "redis_components_";

/// Returns the folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns a file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the names of all metrics in the code.
pub(crate) fn in_code() -> BTreeSet<String> {
    let recorded = Recorded::default();
    metrics::with_local_recorder(&recorded, describe_metrics);
    recorded.described()
}

/// Returns the names of metrics in a text. Exporters add these suffixes to histograms.
pub(crate) fn in_text(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c));
    let names = words.filter(|word| word.starts_with(PREFIX) && *word != PREFIX);
    let is_histogram = |name: &str| name.ends_with("_seconds");
    names
        .map(|name| {
            let stem = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix));
            stem.filter(|stem| is_histogram(stem)).unwrap_or(name)
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_documentation_lists_all_metrics_and_no_others() {
    let text = read("docs/observability.md");
    let rows = text.lines().filter_map(|line| {
        let name = line.strip_prefix("| `")?.split('`').next()?;
        name.starts_with(PREFIX).then(|| name.to_owned())
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), in_code());
}

#[test]
fn every_name_in_the_documentation_is_in_the_code() {
    let known = in_code();
    let unknown: Vec<_> = in_text(&read("docs/observability.md"))
        .difference(&known)
        .cloned()
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The names are also those that the code uses: none is written beside the table.
#[test]
fn the_code_has_no_metric_beside_the_table() {
    let mut found = BTreeSet::new();
    for file in ["call", "component", "config_server", "last_good", "gauges"] {
        let text = read(&format!("crates/redis-components/src/telemetry/{file}.rs"));
        found.extend(in_text(&text));
    }
    assert!(found.is_empty(), "{found:?}");
}
