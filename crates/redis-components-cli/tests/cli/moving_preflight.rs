//! R15: what would go wrong later is told before anything changes.

use serde_json::json;

use crate::common::Operator;
use crate::load::{RECORD, World, role};

/// A move that must be refused by a check, and leaves nothing.
#[track_caller]
fn refused(world: &World, operator: &Operator, words: &[&str], parts: &[&str]) {
    let words = [&["move", "logs", "--yes"], words].concat();
    let (code, envelope) = operator.json(&words);
    let found = (code, &envelope["error"]["code"]);
    assert_eq!(
        found,
        (3, &json!("not_possible")),
        "{words:?}: {envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    let is_told = parts.iter().all(|part| message.contains(part));
    assert!(is_told, "{parts:?}: {message}");
    let record = world.config.command(&["EXISTS", RECORD]);
    assert!(!redis::from_redis_value::<bool>(record).unwrap());
    for server in &world.servers {
        assert_eq!(role(server), "master");
    }
}

#[test]
fn r15_a_new_config_with_another_database_is_refused() {
    let world = World::start();
    let port = world.servers[1].port();
    for to in [
        json!({"host": "127.0.0.1", "port": port, "db": 3}),
        json!({"url": format!("redis://127.0.0.1:{port}/3")}),
    ] {
        let parts = ["database", "`logs`", "3", "--copy-with"];
        refused(&world, &world.operator, &["--to", &to.to_string()], &parts);
    }
    world.operator.done(&["set", "logs", "db=3"]);
    let words = [
        "--to",
        &json!({"host": "127.0.0.1", "port": port}).to_string(),
    ];
    let parts = ["database", "`logs`", "0"];
    refused(&world, &world.operator, &words, &parts);
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let config = world.operator.data(&["get", "logs"]);
    assert_eq!(config["config"]["db"], 3);
}
