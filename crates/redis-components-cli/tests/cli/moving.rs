//! R15: `move` takes the data along.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use crate::common::wait_until;
use crate::load::{Load, World, role};

#[test]
fn r15_data_moves_there_and_back_under_load() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let moved = world.operator.data(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    assert!(moved["held_ms"].as_f64().unwrap() < 300.0, "{moved:#}");
    println!("figure: writes held {} ms", moved["held_ms"]);
    world.is_on(1);
    assert_eq!(
        (role(&world.servers[0]), role(&world.servers[1])),
        ("slave".into(), "master".into())
    );
    load.goes_on();
    for round in 0..3 {
        let back = world.operator.data(&["move", "logs", "--undo", "--yes"]);
        assert_eq!(back["state"], "committed", "{back:#}");
        world.is_on(round % 2);
        load.goes_on();
    }
    // Whoever still calls stands in the way.
    load.end(&world.servers[0]);
    let history = world.operator.data(&["history", "logs"]);
    assert_eq!(history.as_array().unwrap().len(), 5);
    assert_eq!(role(&world.servers[1]), "slave");
    wait_until("nobody is left", || {
        world
            .operator
            .run(&["move", "logs", "--finish", "--yes"])
            .code
            == 0
    });
    let (code, envelope) = world.operator.json(&["move", "logs", "--undo", "--yes"]);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("no_move")));
    assert_eq!(role(&world.servers[1]), "slave");
}

#[test]
fn r15_a_move_stops_before_the_cut_if_asked_and_can_be_given_up() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    assert_eq!(world.operator.data(&words)["state"], "synced");
    assert_eq!(world.state(), "synced");
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    world.is_on(0);
    assert_eq!(role(&world.servers[1]), "master");
    let keys = world.servers[1].command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 0);
    let (code, envelope) = world.operator.json(&["move", "logs", "--status"]);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("no_move")));
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    assert_eq!(world.operator.data(&words)["state"], "synced");
    let cut = world.operator.data(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(cut["state"], "committed");
    world.is_on(1);
    let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("wrong_state"))
    );
}

#[test]
fn r15_what_stands_against_a_move_is_named_before_anything_changes() {
    let world = World::start();
    let to = world.address(1);
    let refused = |words: &[&str], part: &str| {
        let words = [&["move", "logs"], words, &["--yes"]].concat();
        let (code, envelope) = world.operator.json(&words);
        let message = envelope["error"]["message"].as_str().unwrap();
        assert_eq!(
            (code, message.contains(part)),
            (3, true),
            "{part}: {envelope:#}"
        );
        assert_eq!(role(&world.servers[1]), "master");
        world.is_on(0);
    };
    refused(&["--to", &world.address(0)], "the same server");
    let words = ["move", "logs", "--to", "127.0.0.1:99999", "--yes"];
    let (code, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!(
        (code, message.contains("is no port")),
        (2, true),
        "{envelope:#}"
    );
    world.servers[1].command(&["SET", "a", "b"]);
    refused(&["--to", &to], "it has clients");
    // Who asks for the role only looks.
    role(&world.servers[1]);
    refused(&["--to", &to], "it has 1 key,");
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    let stats = format!("port={}", world.servers[0].port());
    world
        .operator
        .done(&["set", "stats", "host=localhost", &stats, "--create"]);
    refused(&["--to", &to], "name them with --with");
    let words = ["doctor", "--move", "logs", "--to", &to];
    assert_eq!(world.operator.json(&words).0, 1);
    world
        .operator
        .done(&[&words[..], &["--with", "stats"]].concat());
    let words = ["move", "logs", "--with", "stats", "--to", &to, "--yes"];
    let moved = world.operator.data(&words);
    assert_eq!(moved["with"], json!(["stats"]));
    world.is_on(1);
    let stats = world.operator.data(&["get", "stats"]);
    assert_eq!(stats["config"]["port"], world.servers[1].port());
}

#[test]
fn r15_doctor_says_what_stands_against_a_move() {
    let world = World::start();
    world.servers[1].command(&["SET", "a", "b"]);
    role(&world.servers[1]);
    let words = ["doctor", "--move", "logs", "--to", &world.address(1)];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("problems")));
    let checks = envelope["data"].as_array().unwrap();
    let problem = checks
        .iter()
        .find(|check| check["state"] == "problem")
        .unwrap();
    assert_eq!(problem["check"], "target is empty");
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    world.operator.done(&words);
}

#[test]
fn r15_a_config_is_tried_by_the_fleet_before_it_is_written() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let port = format!("port={}", world.servers[1].port());
    // Only the processes of the fleet may not connect there.
    let words = [
        "set",
        "logs",
        "host=169.254.0.1",
        "--no-probe",
        "--yes",
        "--prepare",
    ];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused")),
        "{envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("forbidden_by_policy"), "{message}");
    world.is_on(0);
    load.goes_on();
    // The other server has other data, in which counters begin anew.
    load.end(&world.servers[0]);
    world
        .operator
        .done(&["set", "logs", &port, "--prepare", "--wait"]);
    assert_eq!(world.port(), u64::from(world.servers[1].port()));
}

/// The callers of all tests of a move find a single call that is lost or counted twice, also the
/// last one.
#[test]
fn r15_the_callers_find_a_planted_loss_and_a_planted_double() {
    for change in ["DECR", "INCR"] {
        for is_last in [false, true] {
            let world = World::start();
            let server = &world.servers[0];
            let load = Load::start(&world.config);
            load.goes_on();
            if is_last {
                load.halt();
            }
            server.command(&[change, "counter:2"]);
            if !is_last {
                wait_until("its thread has found it", || load.has_failed());
            }
            let end = AssertUnwindSafe(|| load.end(server));
            assert!(catch_unwind(end).is_err(), "{change} {is_last}");
        }
    }
}
