//! R12 with settings for the whole process, which a forked child keeps. Alone in its file, because settings are installed once.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::exit, reason = "these are tests")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use common::{SOON, World, declare, name_of_blocking, until_blocking};
use redis::RedisResult;
use redis_components::{Component, ErrorKind, Settings, status};

/// Returns the name of the server that a call reaches, after some calls with answers that only they can have.
fn call(component: &Component, who: &str) -> Result<String, String> {
    for number in 0..200 {
        let mut connection = component
            .blocking_connection()
            .map_err(|error| error.to_string())?;
        let word = format!("{who} {number}");
        let answer: RedisResult<String> = redis::cmd("ECHO").arg(&word).query(&mut connection);
        if answer.as_ref() != Ok(&word) {
            return Err(format!("{word} was answered {answer:?}"));
        }
    }
    let mut connection = component
        .blocking_connection()
        .map_err(|error| error.to_string())?;
    name_of_blocking(&mut connection).map_err(|error| error.to_string())
}

#[test]
fn r12_a_child_keeps_the_settings_of_its_process_and_shares_no_connection() {
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(100));
    world.move_to(logs, &world.a);
    world.settings().install().unwrap();
    assert_eq!(call(logs, "before").unwrap(), "a");

    let (report, mut reports) = UnixStream::pair().unwrap();
    if let fork::Fork::Child = fork::fork().unwrap() {
        let unused = status().components.len();
        let first = call(logs, "child");
        let again = Settings::new("redis://127.0.0.1:1").install();
        let kind = again.err().map(|error| error.kind());
        let _ = writeln!(
            reports,
            "{first:?} {unused} {}",
            kind == Some(ErrorKind::Settings)
        );
        let begun = Instant::now();
        // It follows its component by a watch of its own.
        while call(logs, "child").as_deref() == Ok("a") && begun.elapsed() < SOON {}
        let _ = write!(reports, "{:?}", call(logs, "child"));
        std::process::exit(0);
    }
    drop(reports);
    for _ in 0..20 {
        assert_eq!(call(logs, "parent").unwrap(), "a");
    }
    report.set_read_timeout(Some(2 * SOON)).unwrap();
    let mut lines = BufReader::new(report).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "Ok(\"a\") 0 true");
    world.move_to(logs, &world.b);
    assert_eq!(lines.next().unwrap().unwrap(), "Ok(\"b\")");
    until_blocking("the parent follows too", || {
        call(logs, "parent").unwrap() == "b"
    });
}
