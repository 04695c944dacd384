//! The way through every kind of server, as `cargo xtask topologies` goes it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn r13_a_component_goes_through_every_kind_of_server_and_loses_no_call() {
    let tests = std::env::current_exe().unwrap();
    // Cargo builds it with the tests and puts it beside them.
    let folder = tests.ancestors().nth(2).unwrap_or(Path::new(""));
    let program = folder.join("examples/topologies");
    assert!(
        program.is_file(),
        "build it first: `cargo build --example topologies`"
    );
    let output = Command::new(program)
        .args(["--stay", "200ms", "--tasks", "4", "--threads", "2"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    for expected in [
        "TCP -> TLS",
        "TLS -> unix socket",
        "unix socket -> sentinels",
        "the sentinels fail over",
        "sentinels -> cluster",
        "a slot changes its node",
        "cluster -> TCP",
    ] {
        assert!(stdout.contains(expected), "{stdout}");
    }
    let figure = |name: &str| -> u64 {
        let line = stdout.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].trim().replace(',', "").parse().unwrap()
    };
    for none in ["calls failed", "lost calls", "sent twice"] {
        assert_eq!(figure(none), 0, "{stdout}");
    }
    assert!(figure("counted") > 0, "{stdout}");
}
