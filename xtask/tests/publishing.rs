//! What the packages for crates.io say of themselves.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The crates that `.ci/run` packages, in the order in which they can be published.
const PUBLISHED: [&str; 4] = [
    "redis-components-build",
    "redis-components-testing",
    "redis-components",
    "redis-components-cli",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the packages of this workspace that can be published.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = metadata["packages"].as_array().unwrap().iter();
    // `publish = false` is an empty list of registries.
    all.filter(|package| package["publish"].is_null())
        .cloned()
        .collect()
}

fn repository() -> String {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let repository = &manifest["workspace"]["package"]["repository"];
    repository.as_str().unwrap().to_owned()
}

#[test]
fn these_crates_are_published() {
    let mut names: Vec<String> = packages()
        .iter()
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    let mut expected = PUBLISHED;
    expected.sort_unstable();
    assert_eq!(names, expected, "others need `publish = false`");
    let gate = text(".ci/run");
    let words: Vec<&str> = gate.split_whitespace().collect();
    for name in PUBLISHED {
        let is_there = words.windows(2).any(|two| two == ["--package", name]);
        assert!(is_there, ".ci/run does not package {name}");
    }
}

#[test]
fn each_package_says_all_that_its_page_shows() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        assert_eq!(package["repository"], repository(), "{name}");
        let documentation = format!("https://docs.rs/{name}");
        assert_eq!(package["documentation"], documentation, "{name}");
        assert_eq!(package["readme"], "README.md", "{name}");
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        assert!(package["description"].is_string(), "{name}");
        // crates.io accepts five of each.
        for list in ["keywords", "categories"] {
            let count = package[list].as_array().unwrap().len();
            assert!((1..=5).contains(&count), "{name}: {count} {list}");
        }
        let has_library = package["targets"].as_array().unwrap().iter();
        let has_library = has_library.clone().any(|target| target["kind"][0] == "lib");
        let for_all = &package["metadata"]["docs"]["rs"]["all-features"];
        assert!(!has_library || *for_all == true, "{name}: docs.rs");
    }
}

#[test]
fn each_package_has_the_licences_of_the_repository() {
    for name in PUBLISHED {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let path = format!("crates/{name}/{licence}");
            let is_same = text(&path) == text(licence);
            assert!(is_same, "{path} differs: `cp {licence} crates/{name}`");
        }
    }
}

/// Pages of crates.io are not in the repository: a relative link leads nowhere there.
#[test]
fn links_in_readmes_of_packages_are_absolute() {
    let repository = repository();
    let pages = format!("{repository}/blob/main/");
    let mut checked = 0;
    for name in PUBLISHED {
        let path = format!("crates/{name}/README.md");
        for rest in text(&path).split("](").skip(1) {
            let (link, _) = rest.split_once(')').unwrap();
            assert!(link.starts_with("https://"), "{path}: {link}");
            if link.contains("/blob/") {
                let page = link.strip_prefix(&*pages);
                let page = page.unwrap_or_else(|| panic!("{path}: {link} is not in {repository}"));
                assert!(root().join(page).is_file(), "{path}: {link}");
                checked += 1;
            }
        }
    }
    assert!(checked > 5, "only {checked} links were found");
}

/// What `.ci/run` compiles each package with, one feature after the other.
#[test]
fn the_gate_compiles_each_feature_alone() {
    let mut checked = 0;
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let features = package["features"].as_object().unwrap().keys();
        let features: Vec<&str> = features
            .map(String::as_str)
            .filter(|feature| *feature != "default")
            .collect();
        if features.is_empty() {
            continue;
        }
        let listed = format!(
            "for feature in \"\" {}; do\n    step cargo clippy --package {name} ",
            features.join(" ")
        );
        assert!(text(".ci/run").contains(&listed), ".ci/run lacks: {listed}");
        checked += 1;
    }
    assert_eq!(checked, 2, "the runtime and the command line have features");
}

/// The compiler's own check of what the declared Rust has.
#[test]
fn the_workspace_refuses_what_its_rust_does_not_have() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let lints = &manifest["workspace"]["lints"]["clippy"];
    assert_eq!(lints["incompatible_msrv"].as_str(), Some("warn"));
}
