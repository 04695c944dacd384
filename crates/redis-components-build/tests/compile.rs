//! Every golden text compiles, with its sources, in all editions, without a warning or a lint.

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;
use std::path::Path;

use support::{cargo, cases, name, stderr, workspace, write_package};

const EDITIONS: [&str; 3] = ["2018", "2021", "2024"];

#[test]
fn b4_goldens_compile_without_warnings() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("goldens");
    let members = EDITIONS.map(|edition| format!("\"{edition}\""));
    let workspace = format!(
        "[workspace]\nmembers = [{}]\nresolver = \"3\"\n",
        members.join(", ")
    );
    write_package(&directory, &workspace);
    for edition in EDITIONS {
        let member = directory.join(edition);
        write_package(&member, &manifest(edition));
        std::fs::create_dir_all(member.join("src")).unwrap();
        std::fs::write(member.join("src/lib.rs"), "").unwrap();
    }

    let has_clippy = cargo(&directory, &["clippy", "--version"]).status.success();
    let check = if has_clippy { "clippy" } else { "check" };
    for arguments in [
        vec![check, "--examples", "--keep-going"],
        vec![
            check,
            "--examples",
            "-p",
            "goldens-2024",
            "--features",
            "extra",
        ],
        vec!["doc", "--examples", "-p", "goldens-2024", "--no-deps"],
    ] {
        let output = cargo(&directory, &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
    }
}

/// A package whose examples are the cases, each a library of its own.
fn manifest(edition: &str) -> String {
    let runtime = workspace().join("crates/redis-components");
    let mut manifest = format!(
        r#"[package]
name = "goldens-{edition}"
version = "0.0.0"
edition = "{edition}"

[features]
extra = []

[dependencies]
redis = {{ version = "1.8", features = ["connection-manager", "tokio-comp"] }}
redis-components = {{ path = '{}' }}
"#,
        runtime.display()
    );
    for case in cases("golden") {
        let path = case.join("src/lib.rs");
        write!(
            manifest,
            "\n[[example]]\nname = \"{}_{edition}\"\npath = '{}'\ncrate-type = [\"lib\"]\n",
            name(&case),
            path.display()
        )
        .unwrap();
    }
    manifest
}
