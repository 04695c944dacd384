//! The runtime's own cases: what it refuses at run time is refused here, and nothing else but
//! secrets.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{check_text, fields};

fn of_runtime(file: &str) -> String {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../redis-components");
    fs::read_to_string(runtime.join(file)).unwrap()
}

fn cases(file: &str) -> Vec<Value> {
    let corpus: Value = serde_json::from_str(&of_runtime(file)).unwrap();
    corpus["cases"].as_array().unwrap().clone()
}

/// What the generator makes of a text.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Used,
    Refused,
    Secret,
}

fn verdict(text: &str) -> Verdict {
    match check_text(text) {
        Ok(()) => Verdict::Used,
        Err(problem) if problem.label == "a manifest is no place for secrets" => Verdict::Secret,
        Err(_) => Verdict::Refused,
    }
}

#[test]
fn b1_config_servers_are_refused_at_build_time_if_the_runtime_refuses_them() {
    let cases = cases("tests/config_fields/config-server-cases.json");
    assert!(cases.len() > 100);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let found = verdict(text);
        let is_refused = case.get("refused").is_some();
        match (is_refused, case["secret"] == true) {
            (false, false) => assert_eq!(found, Verdict::Used, "{case}: {:?}", check_text(text)),
            (false, true) => assert_eq!(found, Verdict::Secret, "{case}"),
            (true, _) => assert_ne!(found, Verdict::Used, "{case}"),
        }
        if let Err(problem) = check_text(text) {
            assert!(!format!("{problem:?}").contains("cretZ"), "{problem:?}");
        }
    }
}

#[test]
fn b1_urls_of_components_are_urls_of_config_servers() {
    let mut urls = 0;
    for case in cases("tests/config_fields/config-cases.json") {
        let Some(url) = case["url"].as_str() else {
            continue;
        };
        urls += 1;
        let has_password = case["means"].get("password").is_some();
        let found = verdict(url);
        if case.get("refused").is_some() {
            assert_ne!(found, Verdict::Used, "{case}");
        } else if has_password {
            assert_eq!(found, Verdict::Secret, "{case}");
        } else {
            assert_eq!(found, Verdict::Used, "{case}: {:?}", check_text(url));
        }
    }
    assert!(urls > 90);
}

/// The options of TLS are left to the runtime, and so is what the features of a build decide.
#[test]
fn b1_no_config_is_refused_that_the_runtime_takes() {
    let mut used = 0;
    for case in cases("tests/config_fields/config-cases.json") {
        let (Some(json), Some(means)) = (case["json"].as_str(), case.get("means")) else {
            continue;
        };
        let cannot_hold_configs = ["disabled", "cluster"]
            .iter()
            .any(|name| means.get(name).is_some());
        match verdict(json) {
            Verdict::Used => used += 1,
            Verdict::Refused => assert!(cannot_hold_configs, "{case}: {:?}", check_text(json)),
            Verdict::Secret => {
                assert!(
                    means.get("password").is_some() || json.contains("password"),
                    "{case}"
                );
            }
        }
    }
    assert!(used > 40, "{used}");
}

#[test]
fn hosts_are_checked_as_the_runtime_checks_them() {
    assert!(
        of_runtime("src/config/host.rs") == include_str!("host.rs"),
        "copy `host.rs` of the runtime's config"
    );
}

#[test]
fn the_fields_are_those_of_the_runtime() {
    let schema: Value = serde_json::from_str(&of_runtime("config.schema.json")).unwrap();
    let [mut used, mut ignored] = [BTreeSet::new(), BTreeSet::new()];
    for (name, field) in schema["properties"].as_object().unwrap() {
        let about = field["description"].as_str().unwrap();
        if about.ends_with(", ignored") {
            ignored.insert(name.as_str());
        } else if field.get("type").is_none_or(|kind| kind != "null") {
            used.insert(name.as_str());
        }
    }
    assert_eq!(BTreeSet::from(fields::USED), used);
    assert_eq!(BTreeSet::from(fields::IGNORED), ignored);
}
