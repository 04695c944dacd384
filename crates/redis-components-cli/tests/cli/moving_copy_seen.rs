//! R15: what `serve` and `doctor` say of a copy.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{signal, wait_until};
use crate::copier::copier;
use crate::moving_copy::{World, fence};
use crate::served::Served;

#[test]
fn r15_a_copy_is_shown_where_it_stands() {
    let world = World::start();
    let served = Served::start(&world.operator);
    let stands = |state: &str| {
        wait_until(state, || {
            served.snapshot()["moves"][0]["state"] == json!(state)
        });
    };
    let (mut moving, _) = world.begin("true");
    stands("fenced");
    signal(&moving, Signal::TERM);
    moving.wait().unwrap();
    assert_eq!(fence(&world.source), "0");
    stands("planned");
    let words = ["move", "logs", "--yes", "--resume", "--copy-with"];
    let program = copier("");
    let moved = world.operator.data(&[&words[..], &[&program]].concat());
    assert_eq!(moved["state"], "committed", "{moved:#}");
    stands("committed");
    world.source.stop();
    stands("gone");
    let status = world.operator.data(&["move", "logs", "--status"]);
    assert_eq!(status["state"], "gone", "{status:#}");
}

#[test]
fn r15_doctor_says_what_stands_against_a_copy() {
    let world = World::start();
    let program = copier("");
    let words = ["doctor", "--move", "logs", "--to", &world.to, "--copy-with"];
    let found = world.operator.data(&[&words[..], &[&program]].concat());
    let state = |found: &Value, name: &str| {
        let mut checks = found.as_array().unwrap().iter();
        let check = checks.find(|check| check["check"] == name);
        check.map(|check| check["state"].clone())
    };
    assert_eq!(state(&found, "refused writes"), Some(json!("warning")));
    assert_eq!(state(&found, "target is empty"), None);
    assert_eq!((fence(&world.source).as_str(), world.size()), ("0", 0));
    world.in_cluster(&["SET", "a", "b"]);
    let (code, envelope) = world.operator.json(&[&words[..], &[&program]].concat());
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("problems")));
    let problem = state(&envelope["data"], "target is empty");
    assert_eq!(problem, Some(json!("problem")));
    let (code, envelope) = world
        .operator
        .json(&[&words[..], &["/nowhere/copies"]].concat());
    assert_eq!(code, 2, "{envelope:#}");
}
