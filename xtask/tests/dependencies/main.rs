//! What the crates depend on: licences and sources, and what the documentation says of it.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod licence;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::licence::is_accepted;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Runs cargo with what is there already.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {problem}");
    String::from_utf8(output.stdout).unwrap()
}

fn metadata() -> Value {
    serde_json::from_str(&cargo(&["metadata", "--format-version", "1"])).unwrap()
}

/// Returns a list of texts, or of tables with a `crate`, in `deny.toml`.
fn listed(section: &str, key: &str) -> BTreeSet<String> {
    let deny: toml::Table = page("deny.toml").parse().unwrap();
    let entries = deny[section][key].as_array().unwrap();
    let text = |entry: &toml::Value| {
        let name = entry.as_str().or_else(|| entry["crate"].as_str());
        name.unwrap().to_owned()
    };
    entries.iter().map(text).collect()
}

#[test]
fn r11_each_crate_has_an_accepted_licence_and_source() {
    let (licences, denied) = (listed("licenses", "allow"), listed("bans", "deny"));
    let registries = listed("sources", "allow-registry");
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_accepted(licence, &licences), "{name}: {licence:?}");
        assert!(!denied.contains(name), "{name} is denied by deny.toml");
        // A package of this workspace has no source.
        if let Some(source) = package["source"].as_str() {
            let registry = source.strip_prefix("registry+").unwrap_or(source);
            assert!(registries.contains(registry), "{name}: {source}");
        }
    }
}

#[test]
fn each_dependency_of_the_runtime_has_its_reason_in_the_architecture() {
    let page = page("ARCHITECTURE.md");
    let heading = "## Dependencies that earn their place";
    let (_, section) = page.split_once(heading).unwrap();
    let metadata = metadata();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let runtime = packages.find(|package| package["name"] == "redis-components");
    for dependency in runtime.unwrap()["dependencies"].as_array().unwrap() {
        let name = dependency["name"].as_str().unwrap();
        let is_for_tests = dependency["kind"] == "dev";
        let has_reason = section.contains(&format!("`{name}`"));
        assert!(
            is_for_tests || has_reason,
            "`{name}` has no reason under {heading}"
        );
    }
}

#[test]
fn the_count_of_crates_in_the_documentation_is_true() {
    let tree = cargo(&[
        "tree",
        "--package=redis-components",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
        "--target=x86_64-unknown-linux-gnu",
    ]);
    let crates: BTreeSet<_> = tree
        .lines()
        .map(|line| line.split(" (").next().unwrap())
        .filter(|line| !line.is_empty())
        .collect();
    let written = format!("builds {} crates", crates.len());
    let page = page("docs/security.md");
    assert!(
        page.contains(&written),
        "docs/security.md does not say: {written}"
    );
}
