//! Asking for help, or asking wrongly, starts nothing.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::process::{Command, Output};

/// Runs xtask on a machine that has no program to start or install anything with.
fn xtask(words: &[&str]) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask
        .args(words)
        .env("PATH", "")
        .env("CARGO", "no-such-cargo");
    xtask.env_remove("REDISRS_SERVER_BIN").output().unwrap()
}

#[test]
fn help_needs_nothing() {
    for words in [
        &["--help"][..],
        &["demo", "--help"],
        &["demo", "--moves", "3", "-h"],
        &["web", "--help"],
        &["soak", "--help"],
        &["test", "logs", "--help"],
        &["bench", "--quick", "--help"],
        &["python", "--help"],
    ] {
        let output = xtask(words);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{words:?}: {output:?}");
        assert!(told.contains("Usage: cargo xtask"), "{words:?}: {told}");
        assert!(!told.contains("Redis server:"), "{words:?}: {told}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_started() {
    for words in [
        &["dmeo"][..],
        &["demo", "--mvoes", "2"],
        &["demo", "--moves", "0"],
        &["web", "--port", "1"],
        &["soak", "--minutes", "0"],
        &["bench", "--", "--docs", "--server", "db.example:6379"],
        &["python", "3"],
    ] {
        let output = xtask(words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(told.starts_with("error: "), "{words:?}: {told}");
    }
}

#[test]
fn without_a_server_and_a_package_manager_it_says_what_to_do() {
    let output = xtask(&["demo"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(told.contains("none of the package managers"), "{told}");
    assert!(told.contains("by hand"), "{told}");
}
