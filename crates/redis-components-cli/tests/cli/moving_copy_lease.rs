//! R15: a copy that takes longer than connections and leases last.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use redis_components_testing::{Proxy, Server};
use serde_json::json;

use crate::common::{Operator, Run, wait_until};
use crate::copier::copier;
use crate::load::Load;
use crate::moving_copy::{CLOSED, World, fence, runs};

/// Forgets the leases, as a config server that is started again without its disk.
fn forget_leases(config: &Server) {
    let keys = config.command(&["KEYS", "redis-components:lease:*"]);
    let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        config.command(&["DEL", &key]);
    }
}

/// Returns a file that does not exist yet.
fn absent(world: &World, name: &str) -> PathBuf {
    let file = world.operator.file(name, "");
    std::fs::remove_file(&file).unwrap();
    file
}

/// Returns words of a shell that say that it is there, and wait.
fn waits(there: &std::path::Path, goes_on: &std::path::Path) -> String {
    let (there, goes_on) = (there.display(), goes_on.display());
    format!("touch {there}; while ! test -e {goes_on}; do sleep 0.05; done")
}

#[test]
fn r15_a_copy_outlives_its_connection_to_the_config_server() {
    for is_forgotten in [false, true] {
        let world = World::start();
        let proxy = Proxy::to(&world.config);
        let started = absent(&world, "started");
        // Longer than a lease lasts.
        let program = format!("touch {}; sleep 6; {}", started.display(), copier(""));
        let words = [&world.words(&program)[..], &["-o", "json"]].concat();
        let operator = Operator::at(&proxy.url());
        let mut command = operator.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let moving = command.spawn().unwrap();
        wait_until("the program runs", || started.exists());
        if is_forgotten {
            forget_leases(&world.config);
        } else {
            proxy.cut();
        }
        let moved = Run::of(&moving.wait_with_output().unwrap());
        let envelope = moved.envelope();
        assert_eq!(moved.code, 0, "{is_forgotten}: {envelope:#}");
        assert_eq!(envelope["data"]["state"], "committed");
        assert_eq!(fence(&world.source), CLOSED);
    }
}

#[test]
fn r15_a_copy_outlives_its_candidate() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    // Calls wait behind the fence for longer than the candidate lives.
    let program = format!("sleep 8; {}", copier(""));
    let lives = ["--candidate-lives", "6s"];
    let moved = world
        .operator
        .data(&[&world.words(&program)[..], &lives].concat());
    assert_eq!(moved["state"], "committed");
    load.goes_on();
    world.end_in_cluster(load);
}

#[test]
fn r15_a_candidate_that_another_command_has_offered_meanwhile_stays() {
    let world = World::start();
    let [there, goes_on] = ["there", "goes_on"].map(|name| absent(&world, name));
    let program = format!("{}; {}", waits(&there, &goes_on), copier(""));
    let lives = ["--candidate-lives", "4s"];
    let mut command = world
        .operator
        .command(&[&world.words(&program)[..], &lives].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut moving = command.spawn().unwrap();
    wait_until("the program runs", || there.exists());
    let foreign = json!({"id": "by-hand", "config": {"host": "127.0.0.1"}});
    let control = json!({"prepare": {"logs": foreign}}).to_string();
    let is_there = || {
        let control = world.config.command(&["GET", "config:redis:@fleet"]);
        let control: String = redis::from_redis_value(control).unwrap();
        control.contains("by-hand")
    };
    let left_alone = || {
        let info = world.config.command(&["INFO", "commandstats"]);
        let info: String = redis::from_redis_value(info).unwrap();
        let line = info
            .lines()
            .find(|line| line.starts_with("cmdstat_unwatch"));
        line.map(|line| line.split(',').next().unwrap().to_owned())
    };
    world
        .config
        .command(&["SET", "config:redis:@fleet", &control]);
    let before = left_alone();
    wait_until("the command looks at its candidate", || {
        !is_there() || left_alone() != before
    });
    assert!(is_there());
    std::fs::write(goes_on, "").unwrap();
    assert_eq!(moving.wait().unwrap().code(), Some(0));
    assert!(is_there());
}

#[test]
fn r15_a_copy_that_has_lost_its_lease_ends_and_gives_writes_back() {
    for is_taken in [false, true] {
        let world = World::start();
        let (mut moving, started) = world.begin("true");
        let program = std::fs::read_to_string(started).unwrap();
        let program = std::path::Path::new("/proc").join(program.trim());
        if is_taken {
            // Another command has it for a while, and ends.
            let lease = format!("redis-components:lease:127.0.0.1:{}", world.source.port());
            let other = ["SET", &lease, "another", "PX", "3000"];
            world.config.command(&other);
        } else {
            world.config.freeze();
        }
        wait_until("the program has ended", || !runs(&program));
        if !is_taken {
            world.config.thaw();
        }
        assert_eq!(moving.wait().unwrap().code(), Some(4), "{is_taken}");
        world.has_not_moved();
    }
}

#[test]
fn r15_a_warm_copy_takes_its_connections_and_its_candidate_anew() {
    let world = World::start();
    let [warm, warm_ends, last, last_ends] =
        ["warm", "warm_ends", "last", "last_ends"].map(|name| absent(&world, name));
    let program = format!(
        "if test $REDIS_COMPONENTS_PASS = warm; then {}; else {}; fi; {}",
        waits(&warm, &warm_ends),
        waits(&last, &last_ends),
        copier("")
    );
    let words = world.words(&program);
    let words = [&words[..], &["--warm-copy", "-o", "json"]].concat();
    let mut command = world.operator.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let moving = command.spawn().unwrap();
    wait_until("the warm pass", || warm.exists());
    // What an hour does.
    world.source.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    world.config.command(&["DEL", "config:redis:@fleet"]);
    std::fs::write(&warm_ends, "").unwrap();
    wait_until("the last pass, or the end", || {
        last.exists() || fence(&world.source) == "0" && !runs_still(&world)
    });
    let control = world.config.command(&["GET", "config:redis:@fleet"]);
    let control: Option<String> = redis::from_redis_value(control).unwrap();
    std::fs::write(&last_ends, "").unwrap();
    let moved = Run::of(&moving.wait_with_output().unwrap());
    assert_eq!(moved.code, 0, "{moved:#?}");
    let control = control.unwrap_or_default();
    assert!(control.contains("NOREPLICAS"), "{control}");
}

/// Returns `true` if a command holds a lease.
fn runs_still(world: &World) -> bool {
    let keys = world.config.command(&["KEYS", "redis-components:lease:*"]);
    !redis::from_redis_value::<Vec<String>>(keys)
        .unwrap()
        .is_empty()
}

#[test]
fn r15_an_old_server_that_is_gone_for_good_is_told_how_it_is_forgotten() {
    let world = World::start();
    let (mut moving, _) = world.begin("true");
    moving.kill().unwrap();
    moving.wait().unwrap();
    world.source.stop();
    let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (5, &json!("server_unreachable")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    let way_out = "deleting `redis-components:move:logs`";
    assert!(message.contains(way_out), "{message}");
}

fn signal(process: &Child, name: &str) {
    let process = process.id().to_string();
    let sent = Command::new("kill").args([name, &process]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn r15_a_copy_that_another_command_gave_up_says_that_the_old_server_takes_writes() {
    let world = World::start();
    let [there, goes_on] = ["there", "goes_on"].map(|name| absent(&world, name));
    let program = waits(&there, &goes_on);
    let words = [&world.words(&program)[..], &["-o", "json"]].concat();
    let mut command = world.operator.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let moving = command.spawn().unwrap();
    wait_until("the program runs", || there.exists());
    signal(&moving, "-STOP");
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    signal(&moving, "-CONT");
    let envelope = Run::of(&moving.wait_with_output().unwrap()).envelope();
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(!message.contains("refuses writes"), "{message}");
    assert!(message.contains("takes writes"), "{message}");
    assert_eq!(fence(&world.source), "0");
}
