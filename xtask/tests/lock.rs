//! What Cargo.lock may hold.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::process::Command;

use serde_json::Value;

/// Returns the packages that need a newer compiler than a version of Rust.
fn newer_than<'a>(rust: &str, packages: &'a [Value]) -> Vec<&'a str> {
    let needs_newer = |package: &&Value| {
        let needed = package["rust_version"].as_str();
        needed.is_some_and(|needed| version(needed) > version(rust))
    };
    let newer = packages.iter().filter(needs_newer);
    newer
        .map(|package| package["id"].as_str().unwrap())
        .collect()
}

/// Returns major, minor and patch, of which the last may be left out.
fn version(text: &str) -> Vec<u32> {
    let mut numbers: Vec<_> = text
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn the_lock_holds_nothing_that_the_declared_rust_version_cannot_compile() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let declared = env!("CARGO_PKG_RUST_VERSION");
    let newer = newer_than(declared, packages);
    assert!(
        newer.is_empty(),
        "Rust {declared} cannot compile these packages of Cargo.lock: {newer:#?}; take an older version of each, or of what \
         needs it: `cargo update <PACKAGE> --precise <VERSION>`"
    );
}

#[test]
fn versions_are_compared_as_numbers() {
    let package = |rust: Option<&str>| serde_json::json!({ "id": "p", "rust_version": rust });
    let newer = |rust| newer_than("1.88", &[package(rust)]).len();
    let found = [
        None,
        Some("1.9"),
        Some("1.88"),
        Some("1.88.0"),
        Some("1.88.1"),
        Some("1.95"),
        Some("2.0"),
    ]
    .map(newer);
    assert_eq!(found, [0, 0, 0, 0, 1, 1, 1]);
}
