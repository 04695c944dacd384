//! The dashboard: what Grafana needs of one, and queries for metrics that the code has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::alerts::promtool;
use crate::names::{in_code, in_text, read};
use crate::yaml::{list, text};

fn dashboard() -> Value {
    serde_json::from_str(&read("contrib/grafana/dashboard.json")).unwrap()
}

/// Returns the queries of all panels, annotations and variables.
fn queries(dashboard: &Value) -> Vec<String> {
    let panels = list(dashboard, "/panels").iter();
    let targets = panels.flat_map(|panel| list(panel, "/targets"));
    let annotations = list(dashboard, "/annotations/list").iter();
    let expressions = targets.chain(annotations).filter_map(|one| one.get("expr"));
    let all: Vec<_> = expressions
        .map(|expression| expression.as_str().unwrap().to_owned())
        .collect();
    assert!(!all.is_empty());
    all
}

#[test]
fn each_query_names_a_metric_that_the_code_has() {
    let dashboard = dashboard();
    let known = in_code();
    let mut shown = BTreeSet::new();
    for query in queries(&dashboard) {
        let names = in_text(&query);
        assert!(!names.is_empty() && names.is_subset(&known), "{query}");
        shown.extend(names);
    }
    for variable in list(&dashboard, "/templating/list") {
        if let Some(Value::String(definition)) = variable.get("definition") {
            assert!(in_text(definition).is_subset(&known), "{definition}");
        }
    }
    // The dashboard leaves out the generation only, which the digest says better.
    let left_out: Vec<_> = known.difference(&shown).collect();
    assert_eq!(left_out, ["redis_components_generation"]);
}

#[test]
fn it_has_what_grafana_needs() {
    let dashboard = dashboard();
    assert_eq!(dashboard["uid"], "redis-components");
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    let variables: Vec<&str> = list(&dashboard, "/templating/list")
        .iter()
        .map(|variable| text(variable, "/name"))
        .collect();
    let (mut ids, mut places) = (BTreeSet::new(), Vec::new());
    for panel in list(&dashboard, "/panels") {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel:#}");
        assert!(!text(panel, "/title").is_empty());
        let [x, y, w, h] =
            ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(w > 0 && h > 0 && x + w <= 24, "{panel:#}");
        let overlaps = |(ox, oy, ow, oh): &(u64, u64, u64, u64)| {
            x < ox + ow && *ox < x + w && y < oy + oh && *oy < y + h
        };
        assert!(!places.iter().any(overlaps), "{panel:#}");
        places.push((x, y, w, h));
        if panel["type"] == "row" {
            continue;
        }
        assert!(["stat", "timeseries"].contains(&text(panel, "/type")));
        assert!(!text(panel, "/description").is_empty());
        let targets = list(panel, "/targets");
        let names: BTreeSet<_> = targets.iter().map(|one| text(one, "/refId")).collect();
        assert_eq!(names.len(), targets.len(), "{panel:#}");
        for one in targets.iter().chain([panel]) {
            assert_eq!(text(one, "/datasource/uid"), "${datasource}");
        }
    }
    // Variables that the queries use are there.
    for query in queries(&dashboard) {
        let mut used = query.split('$').skip(1);
        let is_known = |rest: &str| {
            rest.starts_with("__rate_interval")
                || variables.iter().any(|variable| rest.starts_with(variable))
        };
        assert!(used.all(is_known), "{query}");
    }
    assert!(variables.contains(&"datasource"));
}

#[test]
fn promtool_accepts_the_queries() {
    let rules: Vec<_> = queries(&dashboard())
        .into_iter()
        .enumerate()
        .map(|(number, query)| {
            let expr = query.replace("$__rate_interval", "5m");
            json!({"record": format!("query:{number}"), "expr": expr})
        })
        .collect();
    let file = tempfile::NamedTempFile::with_suffix(".yml").unwrap();
    let groups = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    std::fs::write(file.path(), groups.to_string()).unwrap();
    promtool(&["check", "rules", file.path().to_str().unwrap()]);
}
