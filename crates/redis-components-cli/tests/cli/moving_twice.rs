//! R15: the same command once more, and a move that goes back.

use serde_json::json;

use crate::common::{Operator, wait_until};
use crate::load::{World, role};
use crate::receipts::Process;
use crate::waiting::{Waiting, behind, follows};

const UNDO: [&str; 4] = ["move", "logs", "--undo", "--yes"];

fn digest(operator: &Operator) -> String {
    let logs = operator.data(&["get", "logs"]);
    logs["digest"].as_str().unwrap().to_owned()
}

/// Runs a move to its end, where a process does not follow. Returns whether it may be retried.
#[track_caller]
fn is_not_followed(world: &World, words: &[&str]) -> bool {
    let words = [words, &["--timeout", "1s"]].concat();
    let (code, envelope) = world.operator.json(&words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (4, &json!("not_followed")),
        "{envelope:#}"
    );
    error["retryable"].as_bool().unwrap()
}

#[test]
fn r15_an_undo_that_is_not_followed_waits_when_it_is_given_again() {
    let world = World::start();
    let process = Process::new("shop", 1);
    let report = |words: &dyn Fn(&str) -> String| {
        process.report(&world.config, "logs", &words(&digest(&world.operator)));
        // It knows no candidates, so that nobody waits for it before a cut.
        let key = process.key();
        let itself = world.config.command(&["HGET", &key, "@"]);
        let itself: String = redis::from_redis_value(itself).unwrap();
        let other = itself.replace("\"rust\"", "\"other\"");
        world.config.command(&["HSET", &key, "@", &other]);
    };
    report(&|digest| behind(digest));
    let to = world.address(1);
    // The same command finds that its move is under way.
    assert!(!is_not_followed(
        &world,
        &["move", "logs", "--to", &to, "--yes"]
    ));
    world.is_on(1);
    report(&|digest| behind(digest));
    for _ in 0..2 {
        assert!(is_not_followed(&world, &UNDO));
        world.is_on(0);
    }
    report(&|digest| follows(digest));
    world.operator.done(&UNDO);
    world.is_on(0);
    // It is over, and the next one goes the other way.
    let forget = ["DEL", &process.key(), "redis-components:fleet"];
    world.config.command(&forget);
    world.operator.done(&UNDO);
    world.is_on(1);
}

#[test]
fn r15_a_way_back_that_is_only_tried_changes_nothing() {
    let world = World::start();
    let (there, back) = (world.address(1), world.address(0));
    let words = ["move", "logs", "--yes", "--to"];
    world.operator.done(&[&words[..], &[&there]].concat());
    let words = [&words[..], &[&back]].concat();
    let looked = world.operator.data(&[&words[..], &["--dry-run"]].concat());
    assert_eq!(looked["state"], "committed", "{looked:#}");
    world.is_on(1);
    let until = [&words[..], &["--until", "synced"]].concat();
    assert_eq!(world.operator.data(&until)["state"], "synced");
    world.is_on(1);
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(0);
}

#[test]
fn r15_an_undo_that_is_given_up_leaves_the_old_server_as_a_replica() {
    let world = World::start();
    let there = world.address(1);
    let words = ["move", "logs", "--to", &there, "--yes"];
    world.operator.done(&words);
    // It ends before the cut.
    let read_only =
        |value| world.servers[1].command(&["CONFIG", "SET", "replica-read-only", value]);
    read_only("no");
    assert_eq!(world.operator.json(&UNDO).0, 3);
    assert_eq!(world.state(), "synced");
    let given_up = world.operator.data(&["move", "logs", "--abort", "--yes"]);
    assert_eq!(given_up["state"], "committed", "{given_up:#}");
    assert_eq!(given_up["target"]["server"], there.as_str());
    world.is_on(1);
    let known = world.servers[0].command(&["GET", "known"]);
    let known = redis::from_redis_value::<Option<String>>(known).unwrap();
    assert_eq!(known.as_deref(), Some("before"));
    assert_eq!(role(&world.servers[0]), "slave");
    read_only("yes");
    world.operator.done(&UNDO);
    world.is_on(0);
}

#[test]
fn r15_a_new_server_that_is_started_again_before_the_cut_is_offered_anew() {
    let world = World::start();
    let silent = Process::new("shop", 1).watch(&world.config);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let mut moving = Waiting::start(&world.operator, &words);
    wait_until("the offer", || {
        let control = world.config.command(&["GET", "config:redis:@fleet"]);
        let control = redis::from_redis_value::<Option<String>>(control).unwrap();
        control.is_some_and(|control| control.contains("prepare"))
    });
    world.servers[1].restart();
    drop(silent);
    let mut offers = 0;
    let code = loop {
        let line = moving.line();
        if (&line["event"], &line["state"]) == (&json!("prepare"), &json!("begin")) {
            offers += 1;
        }
        if line["ok"].is_boolean() {
            break line;
        }
    };
    assert_eq!(code["ok"], true, "{code:#}");
    assert_eq!(offers, 2);
    world.is_on(1);
}
