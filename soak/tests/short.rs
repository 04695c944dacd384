//! A short soak, which keeps the long one working.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fs;
use std::process::Command;

#[test]
fn a_short_soak_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["--minutes", "0.2", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(output.status.success(), "{output:?}");

    let report: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(report["violation_count"], 0);
    assert_eq!(report["figures"]["failed_unexpectedly"], 0);
    assert!(report["figures"]["calls"].as_u64().unwrap() > 1000);
    // Between two rests is a stretch of calls and faults.
    let rests = report["rests"].as_array().unwrap();
    assert!(rests.len() >= 3, "{rests:?}");
    for rest in rests {
        let left = &rest["clients"].as_array().unwrap()[1..];
        assert!(left.iter().all(|clients| *clients == 0), "{left:?}");
        // One that pushes, and one that polls.
        assert!(rest["config_server_clients"].as_u64().unwrap() <= 2);
    }
    assert!(told.contains("seed "), "{told}");
}

#[test]
fn a_mistake_on_the_command_line_is_told_before_anything_is_started() {
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["--hours", "1"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(told.contains("'--hours'"), "{told}");
}
