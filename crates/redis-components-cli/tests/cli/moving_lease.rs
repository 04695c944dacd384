//! R15: a lease that was lost for a moment is lost.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::wait_until;
use crate::load::World;
use crate::receipts::Process;
use crate::waiting::Waiting;

const RECORD: &str = "redis-components:move:logs";

fn record(config: &Server) -> Value {
    let record = config.command(&["GET", RECORD]);
    serde_json::from_str(&redis::from_redis_value::<String>(record).unwrap()).unwrap()
}

/// Between two renewals a config server forgets the leases, and another command takes them, acts and
/// gives them back.
#[test]
fn r15_a_lease_that_another_command_has_had_meanwhile_is_lost() {
    let world = World::start();
    let silent = Process::new("shop", 1).watch(&world.config);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let mut moving = Waiting::start(&world.operator, &words);
    loop {
        let line = moving.line();
        if (&line["event"], &line["state"]) == (&json!("prepare"), &json!("progress")) {
            break;
        }
    }
    let mut other = record(&world.config);
    other["lease"] = json!("of another command");
    let leases = [0, 1].map(|server| format!("redis-components:lease:{}", world.address(server)));
    let had = "redis.call('DEL', KEYS[2], KEYS[3]) redis.call('SET', KEYS[1], ARGV[1])";
    let words = [
        "EVAL",
        had,
        "3",
        RECORD,
        &leases[0],
        &leases[1],
        &other.to_string(),
    ];
    world.config.command(&words);
    let exists = || -> bool {
        redis::from_redis_value(world.config.command(&["EXISTS", &leases[0]])).unwrap()
    };
    // It may end only when it looks at its lease before its next step.
    drop(silent);
    let (code, envelope) = moving.end();
    let error = &envelope["error"];
    let code = (code, error["code"].as_str().unwrap());
    assert!(
        [(4, "outcome_unknown"), (3, "wrong_state")].contains(&code),
        "{envelope:#}"
    );
    assert_eq!(world.state(), "synced");
    world.is_on(0);
    wait_until("nobody holds it", || !exists());
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
    assert_ne!(record(&world.config)["lease"], other["lease"]);
}
