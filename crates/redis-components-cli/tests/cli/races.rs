//! Writers at the same time.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};

use redis_components_testing::Server;
use serde_json::Value;

use crate::common::{Operator, Run};

fn writers(operator: &Operator, numbers: impl IntoIterator<Item = u32>) -> Vec<(u32, Child)> {
    let start = |number: u32| {
        let field = format!("db={number}");
        let mut command = operator.command(&["set", "logs", &field, "--no-probe", "--yes"]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        (number, child)
    };
    numbers.into_iter().map(start).collect()
}

/// Checks that each entry follows from the one before it, and the config is the newest.
fn check_history(operator: &Operator) -> Vec<Value> {
    let history = operator.data(&["history", "logs"]);
    let history = history.as_array().unwrap().clone();
    for pair in history.windows(2) {
        assert_eq!(pair[0]["previous"], pair[1]["digest"]);
        assert_eq!(pair[0]["n"].as_u64(), pair[1]["n"].as_u64().map(|n| n + 1));
    }
    assert_eq!(
        operator.data(&["get", "logs"])["digest"],
        history[0]["digest"]
    );
    history
}

#[test]
fn a_hundred_racing_sets_leave_one_history_and_no_lost_entry() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut done = BTreeSet::new();
    for (number, child) in writers(&operator, 1..101) {
        let run = Run::of(&child.wait_with_output().unwrap());
        match run.code {
            0 => drop(done.insert(format!("set logs db={number} --no-probe --yes"))),
            3 => assert!(run.stderr.contains("the config has changed"), "{run:?}"),
            _ => panic!("{run:?}"),
        }
    }
    assert!(!done.is_empty());
    let history = check_history(&operator);
    let noted: BTreeSet<_> = history
        .iter()
        .map(|row| row["command"].as_str().unwrap().to_owned())
        .collect();
    let written: BTreeSet<_> = noted
        .into_iter()
        .filter(|command| command.contains("db="))
        .collect();
    assert_eq!(written, done);
    assert_eq!(history.len(), done.len() + 1);
}

#[test]
fn writers_that_try_again_all_get_their_turn() {
    let server = Server::start();
    let operator = Operator::of(&server);
    // Nobody has made a salt or a history yet, so the first ones race for that as well.
    server.command(&["SET", "config:redis:logs", &server.config()]);
    let mut waiting: Vec<_> = (1..11_u32).collect();
    while !waiting.is_empty() {
        for (number, child) in writers(&operator, std::mem::take(&mut waiting)) {
            let run = Run::of(&child.wait_with_output().unwrap());
            match run.code {
                0 => {}
                3 => waiting.push(number),
                _ => panic!("{run:?}"),
            }
        }
    }
    let history = check_history(&operator);
    // The first entry is the config that was there.
    assert_eq!(history.len(), 11);
}
