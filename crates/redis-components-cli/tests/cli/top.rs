//! `top` at a real terminal, against real servers.
#![cfg(target_os = "linux")]

use std::sync::atomic::Ordering;

use redis_components_testing::{Proxy, Server};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::Operator;
use crate::load::{Load, World};
use crate::tty::Tty;

const FAST: [&str; 3] = ["top", "--interval", "200ms"];
/// What begins the first page.
const HEAD: &str = "COMPONENT";

fn start(operator: &Operator) -> Tty {
    let command = operator.command_by(&["setsid", "--ctty", "--wait"], &FAST);
    Tty::start(command, 24, 80)
}

/// Returns the line that begins with a word.
fn line<'a>(seen: &'a str, word: &str) -> &'a str {
    let mut lines = seen.lines();
    lines
        .find(|line| line.starts_with(word))
        .unwrap_or_default()
}

#[test]
fn without_a_terminal_the_error_names_what_needs_none() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let run = operator.run(&["top"]);
    assert_eq!(run.code, 2, "{run:?}");
    for name in ["`list`", "`fleet`", "`watch`", "`top --output json`"] {
        assert!(run.stderr.contains(name), "{run:?}");
    }
    assert_eq!(run.stdout, "");
    let mut command = operator.command_by(&["setsid", "--ctty", "--wait"], &["top"]);
    command.env("TERM", "dumb");
    let (code, written) = Tty::start(command, 24, 80).end();
    assert_eq!(code, 2, "{written:?}");
}

#[test]
fn r14_a_person_sees_a_component_its_processes_and_how_often_it_is_called() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let mut tty = start(&world.operator);
    let address = world.address(0);
    tty.until("the component with its fleet and a rate", |seen| {
        let line = line(seen, "logs");
        let words: Vec<_> = line.split_whitespace().collect();
        let rate = words
            .get(3)
            .and_then(|rate| rate.replace(',', "").parse::<u64>().ok());
        line.contains(&address) && words.get(2) == Some(&"1/1") && rate.is_some_and(|rate| rate > 0)
    });
    tty.press("\r");
    tty.until("the page of the component", |seen| {
        seen.contains("logs   fleet 1/1") && seen.contains("CHANGE")
    });
    tty.press("?");
    tty.until("help", |seen| seen.contains("q, Ctrl-C"));
    tty.press("\u{1b}");
    tty.until("the component again", |seen| {
        seen.contains("logs   fleet 1/1")
    });
    tty.press("\u{1b}");
    tty.until("the first page", |seen| seen.contains(HEAD));
    tty.press("s");
    tty.until("all servers", |seen| {
        line(seen, &address).contains("primary")
    });
    load.stop.store(true, Ordering::Relaxed);
    tty.press("q");
    let (code, written) = tty.end();
    assert_eq!(code, 0, "{written:?}");
}

#[test]
fn r15_a_move_is_seen_to_begin_and_to_end() {
    let world = World::start();
    let mut tty = start(&world.operator);
    tty.until("no move", |seen| {
        seen.contains(HEAD) && !seen.contains("MOVES")
    });
    let to = world.address(1);
    let from = world.address(0);
    world
        .operator
        .done(&["move", "logs", "--to", &to, "--until", "synced", "--yes"]);
    tty.until("a move whose copy is complete", |seen| {
        let moving = seen.split("MOVES").nth(1).unwrap_or_default();
        moving.contains(&format!("{from} -> {to}")) && moving.contains("synced")
    });
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    tty.until("the component on the new server", |seen| {
        line(seen, "logs").contains(&to) && seen.contains("committed")
    });
    tty.press("\u{3}");
    let (code, written) = tty.end();
    assert_eq!(code, 0, "{written:?}");
}

#[test]
fn changes_and_new_components_are_seen_at_once() {
    let (server, other) = (Server::start(), Server::start());
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut tty = start(&operator);
    let address = |server: &Server| format!("127.0.0.1:{}", server.port());
    tty.until("the component", |seen| {
        line(seen, "logs").contains(&address(&server))
    });
    operator.done(&["set", "logs", &format!("port={}", other.port())]);
    tty.until("its new server", |seen| {
        line(seen, "logs").contains(&address(&other))
    });
    tty.press("s");
    tty.until("the server that was left", |seen| {
        line(seen, &address(&server)).contains("(left)")
    });
    tty.press("\u{1b}");
    server.command(&["SET", "config:redis:stats", "{\"hots\": \"h\"}"]);
    tty.until("a config that is wrong", |seen| {
        line(seen, "stats").contains("problem") && seen.contains("hots")
    });
    other.stop();
    tty.until("a server that is gone", |seen| {
        let problem = format!("{}: ", address(&other));
        seen.split("PROBLEMS")
            .nth(1)
            .is_some_and(|part| part.contains(&problem))
    });
    tty.press("q");
    assert_eq!(tty.end().0, 0);
}

#[test]
fn a_config_server_that_goes_and_comes_is_told_with_the_age_of_the_picture() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let proxy = Proxy::to(&server);
    let mut tty = start(&Operator::at(&proxy.url()));
    tty.until("the component", |seen| seen.contains(HEAD));
    proxy.refuse();
    proxy.cut();
    tty.until("that it is lost, and the picture as it was", |seen| {
        seen.starts_with("LOST at ") && seen.contains("logs ")
    });
    tty.until("that the picture grows old", |seen| {
        seen.contains("this is 2 s old")
    });
    operator.done(&["set", "logs", "--create", "db=1"]);
    server.command(&["SET", "config:redis:stats", &server.config()]);
    proxy.pass();
    tty.until("that it goes on, with what has changed", |seen| {
        seen.starts_with("config server") && line(seen, "stats").contains("127.0.0.1")
    });
    tty.press("q");
    assert_eq!(tty.end().0, 0);
}

#[test]
fn a_config_server_that_hangs_is_told_at_once_and_then_counts_as_lost() {
    let (server, data) = (Server::start(), Server::start());
    let operator = Operator::of(&server);
    operator.make_logs(&data);
    let mut tty = start(&operator);
    tty.until("the component", |seen| seen.contains(HEAD));
    server.freeze();
    tty.until("that it says nothing", |seen| seen.contains("silent for "));
    tty.until("that it is lost", |seen| seen.starts_with("LOST at "));
    // Keys work meanwhile.
    tty.press("?");
    tty.until("help", |seen| seen.contains("q, Ctrl-C"));
    server.thaw();
    tty.until("that it goes on", |seen| seen.starts_with("config server"));
    tty.press("q");
    assert_eq!(tty.end().0, 0);
}

#[test]
fn a_request_to_end_gives_the_terminal_back() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    for signal in [Signal::INT, Signal::TERM] {
        let mut tty = start(&operator);
        tty.until("the component", |seen| seen.contains(HEAD));
        let pid = Pid::from_raw(i32::try_from(tty.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let (code, written) = tty.end();
        assert_eq!(code, 0, "{signal:?} {written:?}");
    }
}

#[test]
fn what_is_wrong_at_first_is_told_without_taking_the_terminal() {
    let server = Server::start();
    let url = server.url();
    server.stop();
    let tty = start(&Operator::at(&url));
    let (code, written) = tty.end();
    assert_eq!(code, 5, "{written:?}");
    assert!(!written.contains("\u{1b}[?1049h"), "{written:?}");
    assert!(written.contains("the config server"), "{written:?}");
}
