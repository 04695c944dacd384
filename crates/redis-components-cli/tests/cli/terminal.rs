//! With and without a person at a terminal.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use redis_components_testing::Server;

use crate::common::{Operator, Run};
use crate::tty::pair;

#[test]
fn without_a_terminal_nobody_is_asked_for_a_password() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let by_option = ["who", "logs", "--user", "me", "--password", "-"];
    for (words, told) in [
        (&["set", "logs", "password=-"][..], "write password=@FILE"),
        (&by_option, "write --password @FILE"),
    ] {
        let output = operator
            .command_by(&["setsid", "--wait"], words)
            .output()
            .unwrap();
        let run = Run::of(&output);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(told), "{run:?}");
    }
}

/// Runs a command at a terminal, types `answer` when it shows `question`, and returns the exit code
/// and all that the terminal showed.
fn at_terminal(operator: &Operator, words: &[&str], question: &str, answer: &str) -> (i32, String) {
    at_terminal_after(operator, words, question, answer, || ())
}

/// As [`at_terminal`], and does something before it types.
pub(crate) fn at_terminal_after(
    operator: &Operator,
    words: &[&str],
    question: &str,
    answer: &str,
    before: impl Fn(),
) -> (i32, String) {
    let (mut controller, terminal) = pair();
    let mut command = operator.command_by(&["setsid", "--ctty", "--wait"], words);
    command.stdin(Stdio::from(terminal.try_clone().unwrap()));
    command
        .stdout(Stdio::from(terminal.try_clone().unwrap()))
        .stderr(Stdio::from(terminal));
    let mut child = command.spawn().unwrap();
    // Only the child has the terminal open now, so its end is the end of the output.
    drop(command);
    let mut shown = Vec::new();
    let mut is_answered = false;
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = controller.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..length]);
        if !is_answered && String::from_utf8_lossy(&shown).contains(question) {
            before();
            controller.write_all(answer.as_bytes()).unwrap();
            is_answered = true;
        }
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (code, String::from_utf8(shown).unwrap())
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let config_server = Server::start();
    let server = Server::start_with(&["--requirepass", "s3cret"]);
    let operator = Operator::of(&config_server);
    let port = format!("port={}", server.port());
    let words = [
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        "password=-",
        "--create",
    ];
    let (code, shown) = at_terminal(&operator, &words, "password: ", "s3cret\n");
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let config = operator.data(&["get", "logs", "--show-secrets"])["config"].take();
    assert_eq!(config["password"], "s3cret");
}

#[test]
fn a_person_confirms_or_does_not() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=1"]);
    let (code, shown) = at_terminal(&operator, &["rollback", "logs"], "[y/N]", "n\n");
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("not confirmed"), "{shown}");
    assert_eq!(operator.data(&["get", "logs"])["config"]["db"], 1);
    let (code, shown) = at_terminal(&operator, &["rollback", "logs"], "[y/N]", "y\n");
    assert_eq!(code, 0, "{shown}");
    assert_eq!(operator.data(&["get", "logs"])["config"].get("db"), None);
}

#[test]
fn colours_are_for_terminals() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=1"]);
    let (code, shown) = at_terminal(&operator, &["diff", "logs", "logs@1"], "never", "");
    assert_eq!(code, 1);
    assert!(shown.contains("\u{1b}[31m- db: 1"), "{shown:?}");
}

#[test]
fn an_interrupt_at_the_prompt_leaves_the_terminal_and_the_config_as_they_were() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    // The terminal makes a signal of this character.
    let words = ["set", "logs", "password=-"];
    let (code, shown) = at_terminal(&operator, &words, "password: ", "\u{3}");
    assert_eq!(code, 1, "{shown:?}");
    assert!(
        shown.contains("interrupted; nothing was changed"),
        "{shown:?}"
    );
    assert_eq!(
        operator
            .data(&["history", "logs"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
