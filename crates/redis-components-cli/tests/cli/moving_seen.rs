//! R15: `top` and `serve` say of a move what `move --status` says.

use serde_json::{Value, json};

use crate::common::wait_until;
use crate::load::World;
use crate::moving_fence::{CLOSED, OPTION, note_fence, set, world};
use crate::moving_silent::Script;
use crate::served::Served;

/// Waits until `serve` says the word of `move --status`, and `top` too.
#[track_caller]
fn is_said(world: &World, served: &Served, word: &str) {
    assert_eq!(world.state(), word);
    let said = |snapshot: &Value| snapshot["moves"][0]["state"].clone();
    let mut last = Value::Null;
    wait_until("serve says the same", || {
        last = said(&served.snapshot());
        last == word
    });
    let top = world.operator.data(&["top", "--interval", "200ms"]);
    assert_eq!(said(&top), json!(word), "{top:#}");
}

#[test]
fn r15_top_and_serve_say_the_word_of_the_status() {
    let world = world();
    let served = Served::start(&world.operator);
    let [source, target] = &world.servers;
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    is_said(&world, &served, "synced");
    let script = Script::start(source);
    is_said(&world, &served, "refusing");
    script.end();
    target.command(&["REPLICAOF", "NO", "ONE"]);
    is_said(&world, &served, "planned");
    let port = source.port().to_string();
    source.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "3600"]);
    target.command(&["SET", "of", "others"]);
    target.command(&["REPLICAOF", "127.0.0.1", &port]);
    is_said(&world, &served, "copying");
    target.command(&["REPLICAOF", "NO", "ONE"]);
    source.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    target.command(&["REPLICAOF", "127.0.0.1", &port]);
    wait_until("the copy is complete", || world.state() == "synced");
    note_fence(&world, "0");
    set(source, OPTION, CLOSED);
    is_said(&world, &served, "fenced");
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    is_said(&world, &served, "fenced");
    target.command(&["REPLICAOF", "NO", "ONE"]);
    is_said(&world, &served, "taken_over");
    source.command(&["REPLICAOF", "127.0.0.1", &target.port().to_string()]);
    wait_until("it follows", || world.state() == "cut");
    is_said(&world, &served, "cut");
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    is_said(&world, &served, "committed");
    source.stop();
    is_said(&world, &served, "gone");
    source.restart();
    is_said(&world, &served, "split");
}
