//! What several tests share.

#![allow(clippy::unwrap_used, dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Returns the directories of the cases of a kind, sorted by name.
pub(crate) fn cases(kind: &str) -> Vec<PathBuf> {
    let directory = crate_directory().join("tests").join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

pub(crate) fn name(case: &Path) -> &str {
    case.file_name().unwrap().to_str().unwrap()
}

pub(crate) fn crate_directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn workspace() -> PathBuf {
    crate_directory().join("../..").canonicalize().unwrap()
}

/// Writes a package outside of the workspace, which has the workspace's versions of everything.
pub(crate) fn write_package(directory: &Path, manifest: &str) {
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    if !directory.join("Cargo.lock").exists() {
        fs::copy(workspace().join("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    }
}

/// Runs cargo in a package. All tests share a target directory, beside the workspace's own.
pub(crate) fn cargo(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .arg("--offline")
        .current_dir(directory)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"),
        )
        .env("CARGO_TERM_COLOR", "never");
    // What cargo sets for this test is not meant for the packages that it builds.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let is_of_test = name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if is_of_test || name == "RUSTFLAGS" {
            command.env_remove(name);
        }
    }
    command.output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
