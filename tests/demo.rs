//! The demo, as `cargo xtask demo` runs it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

#[test]
fn the_demo_moves_the_component_and_loses_no_call() {
    let output = demo(&["--moves", "2", "--tasks", "4"]).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    for expected in ["move  1  A -> B", "move  2  B -> A"] {
        assert!(stdout.contains(expected), "{stdout}");
    }
    assert_eq!(
        (
            figure(&stdout, "calls failed"),
            figure(&stdout, "lost calls")
        ),
        (0, 0),
        "{stdout}"
    );
    let [a, b] = ["counted by A", "counted by B"].map(|name| figure(&stdout, name));
    assert!(a > 0 && b > 0, "{stdout}");
    assert_eq!(a + b, figure(&stdout, "calls made"), "{stdout}");
}

#[test]
fn the_picture_shows_what_the_demo_prints() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures/demo.ansi");
    let recorded = fs::read_to_string(recorded).unwrap();
    assert!(recorded.starts_with("$ cargo xtask demo\n"), "{recorded}");
    // Before that, xtask says which server it has found.
    let begin = recorded.find("config server").unwrap();
    let recorded = &recorded[begin..];
    let output = demo(&["--moves", "2"]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        kinds_of_lines(recorded),
        kinds_of_lines(&printed),
        "docs/pictures/demo.ansi is old: record the demo again, as CONTRIBUTING.md says"
    );
    let moves = recorded.lines().filter(|line| line.starts_with("move "));
    assert_eq!(moves.count(), 10, "{recorded}");
    let [made, a, b, failed, lost, twice] = [
        "calls made",
        "counted by A",
        "counted by B",
        "calls failed",
        "lost calls",
        "sent twice",
    ]
    .map(|name| figure(recorded, name));
    assert_eq!((made, failed, lost, twice), (a + b, 0, 0, 0), "{recorded}");
}

#[test]
fn r15_the_demo_moves_the_data_and_loses_nothing() {
    let words = ["--moves", "2", "--tasks", "8", "--keys", "10000"];
    let output = example("move_data", &words).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    for expected in ["move  1  A -> B", "move  2  B -> A"] {
        assert!(stdout.contains(expected), "{stdout}");
    }
    for name in [
        "calls failed",
        "lost increments",
        "counted twice",
        "keys missing",
        "items lost",
    ] {
        assert_eq!(figure(&stdout, name), 0, "{name}: {stdout}");
    }
    assert!(figure(&stdout, "calls made") > 0, "{stdout}");
    assert!(figure(&stdout, "items queued") > 0, "{stdout}");
}

#[test]
fn an_interrupted_demo_leaves_nothing_running() {
    // Several times, because a signal can come while anything is being done.
    for signal in [Signal::INT, Signal::TERM].repeat(5) {
        let mut child = demo(&["--tasks", "1"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = ports(&mut child);
        assert!(ports.iter().all(|port| answers(*port)), "{ports:?}");

        kill_process(Pid::from_child(&child), signal).unwrap();

        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal:?}");
        assert!(!ports.iter().any(|port| answers(*port)), "{ports:?}");
    }
}

#[test]
fn a_wrong_option_is_reported_and_starts_nothing() {
    let output = demo(&["--mvoes", "2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("'--mvoes'") && stderr.contains("'--moves'"),
        "{stderr}"
    );
    assert_eq!(output.stdout, b"");
}

fn demo(arguments: &[&str]) -> Command {
    example("move_server", arguments)
}

/// An example, which Cargo builds with the tests and puts beside them.
fn example(name: &str, arguments: &[&str]) -> Command {
    let folder: PathBuf = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .into();
    let program = folder.join("examples").join(name);
    assert!(
        program.is_file(),
        "build it first: `cargo build --example {name}`"
    );
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The ports of the three servers, once the calls have begun.
fn ports(child: &mut Child) -> Vec<u16> {
    // Borrowed, so that the pipe stays open: the demo ends with an error where it cannot write.
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let mut ports = Vec::new();
    for line in lines.map_while(Result::ok) {
        if line.contains("tasks call") {
            break;
        }
        let addresses = line.split("127.0.0.1:").skip(1);
        ports.extend(addresses.map(|rest| rest.split(',').next().unwrap().parse::<u16>().unwrap()));
    }
    assert_eq!(ports.len(), 3);
    ports
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// The lines without their figures. Moves in one direction have one kind of line.
fn kinds_of_lines(text: &str) -> Vec<String> {
    let mut kinds = Vec::new();
    for line in text.lines() {
        let is_figure = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        let words: Vec<&str> = line.split(|c: char| is_figure(c) || c == ' ').collect();
        let kind = words.concat();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The number in the line of the summary that begins with a name.
fn figure(summary: &str, name: &str) -> u64 {
    let line = summary.lines().find(|line| line.starts_with(name)).unwrap();
    line[name.len()..].trim().replace(',', "").parse().unwrap()
}
