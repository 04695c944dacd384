//! R15: a new server that loses its link, or is started again, when the cut is asked for.

use serde_json::json;

use crate::common::wait_until;
use crate::load::{Load, World, role};
use crate::moving_fence::{set, world};
use crate::moving_settle::cut as moved;
use crate::waiting::Waiting;

/// Lets the new server get no writes, so that a cut waits for it.
fn lag(world: &World) {
    let [source, target] = &world.servers;
    target.command(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    source.command(&["SET", "late", "write"]);
}

/// Starts the cut of a move that lags, and waits until it is tried.
fn cut(world: &World, more: &[&str]) -> Waiting {
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    lag(world);
    let words = [&["move", "logs", "--cut", "--yes"], more].concat();
    let cutting = Waiting::start(&world.operator, &words);
    wait_until("the cut is tried", || world.record()["may_be_cut"] == true);
    cutting
}

/// Cuts the link of the new server, which cannot log in again until later.
fn lose_link(world: &World) {
    let [source, target] = &world.servers;
    set(target, "masterauth", "wrong");
    source.command(&["CLIENT", "KILL", "TYPE", "replica"]);
}

#[test]
fn r15_a_cut_waits_for_a_new_server_that_has_lost_its_link() {
    for world in [World::start(), world()] {
        let load = Load::start(&world.config);
        load.goes_on();
        let mut cutting = cut(&world, &["--ignore-silent"]);
        lose_link(&world);
        loop {
            let line = cutting.line();
            assert_ne!(line["state"], "failed", "{line:#}");
            let said = line["data"]["message"].as_str().unwrap_or_default();
            if said.contains("has lost its link") {
                break;
            }
        }
        load.goes_on();
        world.servers[1].command(&["CLIENT", "UNPAUSE"]);
        set(&world.servers[1], "masterauth", "");
        let (code, envelope) = cutting.end();
        assert_eq!(code, 0, "{envelope:#}");
        world.is_on(1);
        load.goes_on();
        load.end(&world.servers[1]);
    }
}

#[test]
fn r15_a_new_server_that_stays_without_its_link_is_not_waited_for_without_end() {
    let world = World::start();
    let cutting = cut(&world, &["--timeout", "1s"]);
    lose_link(&world);
    let (code, envelope) = cutting.end();
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (4, &json!("not_ready")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    let is_told = ["link", "--resume", "--abort"].map(|part| message.contains(part));
    assert_eq!(is_told, [true; 3], "{message}");
    assert_eq!(world.state(), "copying");
    world.servers[1].command(&["CLIENT", "UNPAUSE"]);
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    world.is_on(0);
}

/// With its log on the disk, it has its copy and does not remember whose.
#[test]
fn r15_a_new_server_that_forgets_its_copy_in_a_cut_is_no_split() {
    for (world, with) in [
        (World::start_with(&["--appendonly", "yes"]), "--resume"),
        (World::start_with(&["--appendonly", "yes"]), "--abort"),
    ] {
        let [source, target] = &world.servers;
        let load = Load::start(&world.config);
        let cutting = cut(&world, &[]);
        wait_until("its file has the copy", || {
            let info = target.command(&["INFO", "persistence"]);
            let info: String = redis::from_redis_value(info).unwrap();
            let ends = ["aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"];
            ends.iter().all(|end| info.contains(end))
        });
        target.restart();
        let (code, envelope) = cutting.end();
        assert!([3, 5].contains(&code), "{envelope:#}");
        target.command(&["SET", "known", "copied"]);
        assert_eq!(role(target), "master");
        assert_eq!(world.state(), "planned");
        load.goes_on();
        if with == "--resume" {
            let (code, envelope) = world.operator.json(&["move", "logs", with, "--yes"]);
            let message = envelope["error"]["message"].as_str().unwrap();
            let is_told = ["appendonly", "FLUSHALL", "--abort"];
            let is_told = is_told.map(|part| message.contains(part));
            assert_eq!((code, is_told), (3, [true; 3]), "{envelope:#}");
            target.command(&["FLUSHALL"]);
            role(target);
            world.operator.done(&["move", "logs", with, "--yes"]);
            world.is_on(1);
            load.goes_on();
            load.end(target);
        } else {
            let run = world.operator.done(&["move", "logs", with, "--yes"]);
            assert!(run.stderr.contains("FLUSHALL"), "{run:#?}");
            world.is_on(0);
            load.goes_on();
            load.end(source);
        }
    }
}

/// Its config file says so since it was settled, if a command was killed before the configs followed.
#[test]
fn r15_servers_that_follow_each_other_after_a_cut_are_for_a_person() {
    let world = World::start();
    let [source, target] = &world.servers;
    moved(&world);
    let port = source.port().to_string();
    target.command(&["REPLICAOF", "127.0.0.1", &port]);
    wait_until("it is seen", || world.state() == "split");
    for way in [
        &["--resume", "--yes"][..],
        &["--abort", "--yes"],
        &["--status"],
    ] {
        let (code, envelope) = world.operator.json(&[&["move", "logs"], way].concat());
        assert_eq!(code, 6, "{way:?}: {envelope:#}");
        let message = envelope["error"]["message"].as_str().unwrap();
        let parts = ["neither takes writes", "REPLICAOF NO ONE", "offset"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    target.command(&["REPLICAOF", "NO", "ONE"]);
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

/// As a replica it would lose what it took since the cut.
#[test]
fn r15_a_new_server_that_forgets_its_role_is_started_as_a_primary() {
    let world = World::start();
    moved(&world);
    world.servers[1].stop();
    for way in [&["--status"][..], &["--resume", "--yes"]] {
        let run = world.operator.run(&[&["move", "logs"], way].concat());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("`--replicaof no one`"), "{run:#?}");
    }
}
