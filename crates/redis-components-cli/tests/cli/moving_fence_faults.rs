//! R15: what goes wrong behind the fence of a server without `FAILOVER`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::common::{Run, signal, wait_until};
use crate::load::{Load, RECORD, World, role};
use crate::moving_fence::{CLOSED, OPTION, fence, note_fence, prepared, set, world};
use crate::moving_fence_alone::info;

#[test]
fn r15_a_new_server_that_was_started_again_takes_no_refused_write() {
    // Behind a fence, and as a replica.
    for (world, is_fenced) in [(world(), true), (World::start(), false)] {
        let load = Load::start(&world.config);
        load.goes_on();
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
        world.operator.done(&words);
        let [source, target] = &world.servers;
        if is_fenced {
            note_fence(&world, "0");
        }
        // It has forgotten that it is a replica, and has an old copy.
        target.restart();
        let counted = || {
            let counters = ["MGET", "counter:0", "counter:1", "counter:2", "counter:3"];
            redis::from_redis_value::<Vec<Option<u64>>>(target.command(&counters)).unwrap()
        };
        let before = counted();
        if is_fenced {
            set(source, OPTION, CLOSED);
        } else {
            source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        }
        wait_until("callers look at it", || {
            let stats = target.command(&["INFO", "commandstats"]);
            let stats: String = redis::from_redis_value(stats).unwrap();
            let mut lines = stats.lines();
            let asked = lines.find_map(|line| line.strip_prefix("cmdstat_info:calls="));
            let asked = asked.and_then(|line| line.split(',').next()?.parse::<u64>().ok());
            asked.is_some_and(|asked| asked > 1000) || counted() != before
        });
        assert_eq!(counted(), before);
        if is_fenced {
            assert_eq!(world.state(), "fenced");
        } else {
            source.command(&["REPLICAOF", "NO", "ONE"]);
        }
        let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
        assert_eq!(moved["state"], "committed", "{moved:#}");
        world.is_on(1);
        load.goes_on();
        load.end(target);
    }
}

/// The old server refuses its last command as if it had died: if it starts again, it takes writes, and
/// only the configs keep callers from it.
#[test]
fn r15_the_configs_follow_a_new_server_that_took_over_whatever_becomes_of_the_old_one() {
    let world = world();
    let [source, target] = &world.servers;
    // The old server would follow it by this name.
    set(target, "replica-announce-ip", "localhost");
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    let rule = "+replicaof|127.0.0.1";
    source.command(&["ACL", "SETUSER", "default", "-replicaof", rule]);
    let words = ["move", "logs", "--cut", "--yes", "--ignore-silent"];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(code, 4, "{envelope:#}");
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("does not follow it yet"), "{message}");
    world.is_on(1);
    assert_eq!(world.state(), "taken_over");
    source.command(&["ACL", "SETUSER", "default", "+replicaof"]);
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
    assert_eq!(role(source), "slave");
    // By the name by which it knew the new server, not by that of the config.
    assert_eq!(info(source, "master_host"), "localhost");
    load.goes_on();
    load.end(target);
}

/// One with an old copy on its disk is no better: it goes back to where it was, and copies anew.
#[test]
fn r15_a_new_server_that_comes_back_with_an_old_copy_gets_a_new_one() {
    let world = world();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    note_fence(&world, "0");
    let [source, target] = &world.servers;
    target.command(&["SAVE"]);
    source.command(&["SET", "later", "write"]);
    set(source, OPTION, CLOSED);
    target.restart();
    let keys = target.command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 1);
    assert_eq!(world.state(), "fenced");
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
    let later = target.command(&["GET", "later"]);
    assert_eq!(redis::from_redis_value::<String>(later).unwrap(), "write");
    assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
}

#[test]
fn r15_a_new_server_that_follows_with_other_data_does_not_take_over_behind_the_fence() {
    let world = prepared();
    note_fence(&world, "0");
    let [source, target] = &world.servers;
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    // It has come further than the source, in a stream of its own.
    target.command(&["REPLICAOF", "NO", "ONE"]);
    target.command(&["FLUSHALL"]);
    let value = "x".repeat(10_000);
    target.command(&["SET", "of", &value]);
    target.command(&["REPLICAOF", "127.0.0.1", &source.port().to_string()]);
    assert_eq!(world.state(), "fenced");
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
}

/// The server that gets the data does not execute writes that it is told, and lags.
fn lag(world: &World) {
    let [source, target] = &world.servers;
    target.command(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    source.command(&["SET", "late", "write"]);
}

/// Starts a cut that waits behind its fence.
pub(crate) fn waits_behind_fence(world: &World, words: &[&str]) -> std::process::Child {
    lag(world);
    let words = [&["move", "logs", "--cut", "--yes"], words].concat();
    let mut command = world.operator.command(&words);
    command.stdout(Stdio::piped());
    let cutting = command.spawn().unwrap();
    wait_until("the fence", || fence(&world.servers[0]) == CLOSED);
    cutting
}

fn has_record(world: &World) -> bool {
    let found = world.config.command(&["EXISTS", RECORD]);
    redis::from_redis_value::<u64>(found).unwrap() > 0
}

/// Gives up a move whose new server is gone while a cut waits for it.
fn gives_up(was_killed: bool, resumes: bool) {
    let world = prepared();
    let [source, target] = &world.servers;
    set(source, OPTION, "1");
    let mut cutting = waits_behind_fence(&world, &[]);
    if was_killed {
        cutting.kill().unwrap();
    }
    target.stop();
    cutting.wait().unwrap();
    assert_eq!(fence(source), if was_killed { CLOSED } else { "1" });
    assert_eq!(world.state(), "unreachable");
    if resumes {
        let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
        let message = envelope["error"]["message"].as_str().unwrap();
        // It has given the source its writes back.
        assert_eq!((code, fence(source).as_str()), (5, "1"), "{envelope:#}");
        assert!(!message.contains("refuses writes"), "{message}");
    }
    let run = world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let (server, what) = (world.address(1), "was not emptied");
    let is_named = [&*server, what, "FLUSHALL"]
        .iter()
        .all(|part| run.stderr.contains(part));
    assert!(is_named, "{run:#?}");
    assert_eq!((fence(source).as_str(), has_record(&world)), ("1", false));
    // Without a replica it takes no writes, as before the move.
    set(source, OPTION, "0");
    source.command(&["SET", "after", "it"]);
    world.is_on(0);
    let control = world.config.command(&["GET", "config:redis:@fleet"]);
    let control: String = redis::from_redis_value(control).unwrap();
    assert!(!control.contains("prepare"), "{control}");
}

#[test]
fn r15_a_move_whose_new_server_is_gone_for_good_behind_the_fence_is_given_up() {
    for resumes in [false, true] {
        gives_up(true, resumes);
    }
}

#[test]
fn r15_a_move_whose_new_server_dies_during_the_cut_is_given_up() {
    gives_up(false, false);
}

#[test]
fn r15_a_move_that_has_changed_meanwhile_does_not_write_the_configs() {
    let world = prepared();
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    // As another command does, if this one has lost its lease.
    world.change_record("id", &json!("move-other"));
    world.servers[1].command(&["CLIENT", "UNPAUSE"]);
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    let envelope = ended.envelope();
    let code = &envelope["error"]["code"];
    assert_eq!((ended.code, code), (3, &json!("wrong_state")), "{ended:#?}");
    assert_eq!(world.port(), u64::from(world.servers[0].port()));
    assert_eq!(fence(&world.servers[0]), "0");
    assert_eq!(world.state(), "synced");
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_command_that_stood_still_behind_the_fence_does_not_go_on_by_an_old_lease() {
    let world = prepared();
    let [source, target] = &world.servers;
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    signal(&cutting, Signal::STOP);
    let lease = format!("redis-components:lease:{}", world.address(0));
    wait_until("the lease is over", || {
        let found = world.config.command(&["EXISTS", &lease]);
        redis::from_redis_value::<u64>(found).unwrap() == 0
    });
    target.command(&["CLIENT", "UNPAUSE"]);
    wait_until("the new server has all", || {
        let late = target.command(&["GET", "late"]);
        redis::from_redis_value::<Option<String>>(late)
            .unwrap()
            .is_some()
    });
    // Only the clock of the command itself can say that the lease is over.
    world.config.freeze();
    signal(&cutting, Signal::CONT);
    let asked = || {
        let stats = target.command(&["INFO", "commandstats"]);
        let stats: String = redis::from_redis_value(stats).unwrap();
        let mut lines = stats.lines();
        let info = lines.find_map(|line| line.strip_prefix("cmdstat_info:calls="));
        info.unwrap()
            .split(',')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let (before, mut own) = (asked(), 0);
    wait_until("it looks at the new server", || {
        own += 1;
        asked() > before + own
    });
    // A command that goes on lets the new server take over in less than that.
    thread::sleep(Duration::from_millis(200));
    assert_eq!(
        (role(source), role(target)),
        ("master".into(), "slave".into())
    );
    world.config.thaw();
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    let code = &ended.envelope()["error"]["code"];
    assert_eq!(
        (ended.code, code),
        (4, &json!("outcome_unknown")),
        "{ended:#?}"
    );
    assert_eq!(world.state(), "fenced");
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_an_interrupt_waits_for_the_end_of_a_cut_behind_the_fence() {
    let world = prepared();
    let mut cutting = waits_behind_fence(&world, &[]);
    signal(&cutting, Signal::INT);
    cutting.wait().unwrap();
    assert_eq!(fence(&world.servers[0]), "0");
    assert_eq!(role(&world.servers[0]), "master");
    assert_eq!(world.state(), "synced");
}

#[test]
fn r15_an_interrupt_of_a_cut_behind_the_fence_is_heard_when_the_cut_is_over() {
    for requests in [
        &[Signal::INT][..],
        &[Signal::HUP],
        &[Signal::HUP, Signal::HUP],
    ] {
        is_heard_after_the_cut(requests);
    }
}

fn is_heard_after_the_cut(requests: &[Signal]) {
    let world = prepared();
    lag(&world);
    let mut command = world.operator.command(&["move", "logs", "--cut", "--yes"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut cutting = command.spawn().unwrap();
    wait_until("the fence", || fence(&world.servers[0]) == CLOSED);
    signal(&cutting, requests[0]);
    let said = BufReader::new(cutting.stderr.take().unwrap()).lines();
    let mut said = said.map_while(Result::ok);
    assert!(said.any(|line| line.contains("the cut is made first")));
    for request in &requests[1..] {
        signal(&cutting, *request);
    }
    world.servers[1].command(&["CLIENT", "UNPAUSE"]);
    let where_it_is = "interrupted; the move stays where it is; look with `move logs --status`";
    assert!(said.any(|line| line.contains(where_it_is)));
    assert_eq!(cutting.wait().unwrap().code(), Some(4));
    assert_eq!(world.port(), u64::from(world.servers[0].port()));
    assert_eq!(world.state(), "cut");
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_connection_that_is_lost_behind_the_fence_does_not_keep_it_up() {
    let world = prepared();
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    let kill = ["CLIENT", "KILL", "TYPE", "normal"];
    world.servers[0].command(&kill);
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    assert_ne!(ended.code, 0, "{ended:#?}");
    assert_eq!(fence(&world.servers[0]), "0");
    assert_eq!(role(&world.servers[0]), "master");
    world.servers[1].command(&["CLIENT", "UNPAUSE"]);
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_replica_that_comes_back_late_is_waited_for_between_two_cuts() {
    let world = prepared();
    let [source, target] = &world.servers;
    let mut cutting = waits_behind_fence(&world, &[]);
    // It cannot log in again until later. A password of the source could be taken away in the middle
    // of a login, and then the source would not know the replica's port.
    set(target, "masterauth", "wrong");
    source.command(&["CLIENT", "KILL", "TYPE", "replica"]);
    wait_until("writes are taken again", || fence(source) != CLOSED);
    // A command that does not wait ends in less than that.
    thread::sleep(Duration::from_millis(300));
    assert_eq!(cutting.try_wait().unwrap(), None);
    set(target, "masterauth", "");
    target.command(&["CLIENT", "UNPAUSE"]);
    assert!(cutting.wait().unwrap().success());
    world.is_on(1);
    assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
}
