//! The alerts: each has a runbook and a test, and asks for metrics that the code has.

use std::process::Command;

use serde_json::Value;

use crate::names::{in_code, in_text, read, root};
use crate::yaml::{document, list, text};

const RULES: &str = "contrib/prometheus/alerts.yml";
const TESTS: &str = "contrib/prometheus/alerts.test.yml";

fn alerts() -> Vec<Value> {
    let rules = document(RULES);
    let alerts: Vec<_> = list(&rules, "/groups")
        .iter()
        .flat_map(|group| list(group, "/rules").to_vec())
        .collect();
    assert!(!alerts.is_empty());
    alerts
}

#[test]
fn each_alert_asks_for_metrics_that_the_code_has() {
    let known = in_code();
    for alert in alerts() {
        let names = in_text(text(&alert, "/expr"));
        assert!(!names.is_empty() && names.is_subset(&known), "{alert:#}");
    }
    assert!(in_text(&read(TESTS)).is_subset(&known));
}

#[test]
fn each_alert_links_to_its_runbook_and_no_runbook_is_left_over() {
    let page = read("docs/operations.md");
    let runbooks: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .filter(|title| title.starts_with("RedisComponents"))
        .collect();
    let mut names = Vec::new();
    for alert in alerts() {
        let name = text(&alert, "/alert").to_owned();
        let anchor = name.to_ascii_lowercase();
        assert_eq!(
            text(&alert, "/annotations/runbook_url"),
            format!("docs/operations.md#{anchor}")
        );
        let severity = text(&alert, "/labels/severity");
        assert!(["critical", "warning", "info"].contains(&severity));
        for annotation in ["summary", "description"] {
            assert!(!text(&alert, &format!("/annotations/{annotation}")).is_empty());
        }
        names.push(name);
    }
    assert_eq!(runbooks, names);
}

#[test]
fn each_alert_is_tested_where_it_fires_and_where_it_does_not() {
    let tests = document(TESTS);
    for alert in alerts() {
        let name = text(&alert, "/alert");
        let expression = format!("ALERTS{{alertname=\"{name}\", alertstate=\"firing\"}}");
        let mut outcomes: Vec<_> = list(&tests, "/tests")
            .iter()
            .flat_map(|test| list(test, "/promql_expr_test"))
            .filter(|test| text(test, "/expr") == expression)
            .map(|test| !list(test, "/exp_samples").is_empty())
            .collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, [false, true], "{name}");
    }
}

/// Runs promtool, if it is here.
pub(crate) fn promtool(arguments: &[&str]) {
    let mut promtool = Command::new("promtool");
    promtool.args(arguments).current_dir(root());
    match promtool.output() {
        Ok(output) => assert!(output.status.success(), "{output:#?}"),
        Err(error) => println!("promtool does not run, so that it checked nothing: {error}"),
    }
}

#[test]
fn promtool_accepts_the_alerts_and_their_tests() {
    promtool(&["check", "rules", RULES]);
    promtool(&["test", "rules", TESTS]);
}
