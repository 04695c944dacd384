//! R15: the old server and the command die behind the fence, and the next command must know if the new
//! server has all.

use std::mem;

use redis_components_testing::{Proxy, Server};
use serde_json::{Value, json};

use crate::common::{Operator, Run, wait_until};
use crate::load::{World, role};
use crate::moving_fence::{CLOSED, OPTION, fence, note_fence, prepared, set};
use crate::moving_fence_faults::waits_behind_fence;

pub(crate) fn info(server: &Server, wanted: &str) -> String {
    let info = server.command(&["INFO", "replication"]);
    let info: String = redis::from_redis_value(info).unwrap();
    let mut fields = info.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(name, _)| *name == wanted);
    found.unwrap().1.trim().to_owned()
}

/// Lets the new server take over, and the old one die before the configs name the new one.
fn taken_over() -> World {
    let mut world = prepared();
    let [source, target] = &world.servers;
    // The old server would follow it by this name, and is not allowed to.
    set(target, "replica-announce-ip", "localhost");
    source.command(&["CLIENT", "KILL", "TYPE", "replica"]);
    wait_until("it is back", || {
        info(source, "connected_slaves") == "1" && info(source, "slave0").contains("localhost")
    });
    wait_until("it has all", || world.state() == "synced");
    let rule = "+replicaof|127.0.0.1";
    source.command(&["ACL", "SETUSER", "default", "-replicaof", rule]);
    let proxy = Proxy::to(&world.config);
    let direct = mem::replace(&mut world.operator, Operator::at(&proxy.url()));
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    world.operator = direct;
    // That is the commit.
    proxy.hang_up_on("XADD");
    let [source, target] = &world.servers;
    target.command(&["CLIENT", "UNPAUSE"]);
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    assert_ne!(ended.code, 0, "{ended:#?}");
    assert_eq!(role(target), "master", "{ended:#?}");
    assert_eq!(world.state(), "taken_over");
    target.command(&["SET", "after", "it"]);
    source.stop();
    world
}

#[test]
fn r15_a_new_server_that_has_all_goes_on_without_the_old_one() {
    let world = taken_over();
    assert_eq!(world.state(), "taken_over");
    let words = ["move", "logs", "--resume", "--yes"];
    let shown = world.operator.done(&[&words[..], &["--dry-run"]].concat());
    let sent = ["SET config:redis:logs", "REPLICAOF"].map(|word| shown.stdout.contains(word));
    assert_eq!(sent, [true, false], "{shown:#?}");
    let run = world.operator.done(&words);
    assert!(run.stderr.contains("--replicaof"), "{run:#?}");
    assert_eq!(world.state(), "gone");
    world.is_on(1);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
}

#[test]
fn r15_a_new_server_that_does_not_show_that_it_has_all_is_for_a_person() {
    let world = taken_over();
    let stood = world.record()["stood"].clone();
    let end = stood["end"].as_u64().unwrap() + 1000;
    world.change_record("stood", &json!({"stream": stood["stream"], "end": end}));
    assert_eq!(world.state(), "unreachable");
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (6, &json!("must_decide")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    let has = format!("offset {}", info(&world.servers[1], "master_repl_offset"));
    for part in [&format!("offset {end}"), &has] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(world.port(), u64::from(world.servers[0].port()));
}

/// The command died before it told the new server to take over.
#[test]
fn r15_a_new_server_that_has_all_takes_over_without_the_old_one() {
    for lacks in [0, 1] {
        let world = prepared();
        note_fence(&world, "0");
        let [source, target] = &world.servers;
        set(source, OPTION, CLOSED);
        source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        let end: u64 = info(source, "slave_repl_offset").parse().unwrap();
        let stream = info(source, "master_replid");
        let stood: Value = json!({"stream": stream, "end": end + lacks});
        world.change_record("stood", &stood);
        source.stop();
        let words = ["move", "logs", "--resume", "--yes"];
        if lacks > 0 {
            let (code, envelope) = world.operator.json(&words);
            assert_eq!(code, 6, "{envelope:#}");
            assert_eq!(role(target), "slave");
            continue;
        }
        assert_eq!(world.state(), "fenced");
        let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
        assert_eq!(code, 5, "{envelope:#}");
        assert_eq!(world.record()["stood"], stood);
        world.operator.done(&words);
        assert_eq!(role(target), "master");
        world.is_on(1);
    }
}

/// Without the note nobody would know later, so the cut is not made.
#[test]
fn r15_a_config_server_that_takes_no_note_gives_writes_back() {
    let world = prepared();
    let [source, target] = &world.servers;
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    world.config.freeze();
    target.command(&["CLIENT", "UNPAUSE"]);
    // On a slow machine the new server has all at the second try only.
    wait_until("the old server has stepped down", || {
        role(source) == "slave"
    });
    wait_until("writes are taken again", || fence(source) == "0");
    assert_eq!(role(target), "slave");
    source.command(&["SET", "after", "it"]);
    world.config.thaw();
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    let error = &ended.envelope()["error"];
    assert_eq!((ended.code, &error["code"]), (4, &json!("not_ready")));
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

/// A config server whose answers come late has taken the note, and the old server has taken its writes back
/// since. A later command that went by the note would lose them.
#[test]
fn r15_a_note_that_was_answered_late_does_not_outlive_a_cut_that_was_taken_back() {
    let mut world = prepared();
    let proxy = Proxy::to(&world.config);
    let direct = mem::replace(&mut world.operator, Operator::at(&proxy.url()));
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    world.operator = direct;
    let [source, target] = &world.servers;
    // The answer to the note is not passed on.
    proxy.mute("QUEUED");
    target.command(&["CLIENT", "UNPAUSE"]);
    wait_until("the note is taken", || {
        world.record()["stood"]["end"].is_u64()
    });
    wait_until("writes are taken again", || {
        role(source) == "master" && fence(source) == "0"
    });
    proxy.pass();
    source.command(&["SET", "after", "it"]);
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    let error = &ended.envelope()["error"];
    assert_eq!(
        (ended.code, &error["code"]),
        (4, &json!("not_ready")),
        "{ended:#?}"
    );
    let record = world.record();
    assert_eq!(
        (&record["may_be_cut"], &record["stood"]),
        (&json!(false), &Value::Null),
        "{ended:#?}"
    );
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
    let after = target.command(&["GET", "after"]);
    assert_eq!(redis::from_redis_value::<String>(after).unwrap(), "it");
}
