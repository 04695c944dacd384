//! The generated text of every case in `tests/golden`; `UPDATE_EXPECT=1` refreshes it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use redis_components_build::{Config, Output};

#[test]
fn generated_text_is_as_expected() {
    for case in cases("golden") {
        let output = generate(&case);
        expect_file![case.join("expected.rs")].assert_eq(output.source());
        assert_eq!(output.warnings().count(), 0, "{}", case.display());
    }
}

#[test]
fn output_is_the_same_on_every_run() {
    for case in cases("golden") {
        assert_eq!(generate(&case).source(), generate(&case).source());
    }
}

#[test]
fn diagnostics_are_as_expected() {
    for case in cases("diagnostics") {
        let error = Config::new()
            .generate(case.join("components.toml"))
            .expect_err(&case.display().to_string());
        expect_file![case.join("expected.txt")].assert_eq(&format!("{error}\n"));
    }
}

fn generate(case: &Path) -> Output {
    Config::new()
        .generate(case.join("components.toml"))
        .unwrap_or_else(|error| panic!("{}:\n{error}", case.display()))
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}
