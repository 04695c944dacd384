//! R15: what `--dry-run` says is what is sent.

use std::collections::BTreeMap;

use redis_components_testing::{Sentinels, Server};
use serde_json::{Value, json};

use crate::common::Operator;
use crate::copier::copier;
use crate::load::{World, role};
use crate::moving_fence::{CLOSED, OPTION, note_fence, set};
use crate::{moving_copy, moving_fence, moving_settle};

/// Commands that change a data server.
const DATA: [&str; 5] = [
    "config|set",
    "config|rewrite",
    "replicaof",
    "flushall",
    "function|flush",
];
/// Commands that change a config server. The leases are taken and renewed by scripts.
const CONFIG: [&str; 2] = ["exec", "xadd"];

/// Returns how often a server has executed each of these commands. What it has refused was asked to
/// hear that, but for the config file: these servers have none.
fn counts(server: &Server, names: &[&str]) -> BTreeMap<String, u64> {
    let info = server.command(&["INFO", "commandstats"]);
    let info: String = redis::from_redis_value(info).unwrap();
    let count = |name: &str| -> u64 {
        let begin = format!("cmdstat_{name}:");
        let Some(line) = info.lines().find_map(|line| line.strip_prefix(&*begin)) else {
            return 0;
        };
        let part = |name: &str| -> u64 {
            let mut parts = line.split(',').filter_map(|part| part.split_once('='));
            parts
                .find(|part| part.0 == name)
                .unwrap()
                .1
                .parse()
                .unwrap()
        };
        match name {
            "config|rewrite" => part("calls"),
            _ => part("calls") - part("failed_calls"),
        }
    };
    let counts = names.iter().map(|name| ((*name).to_owned(), count(name)));
    counts.collect()
}

/// Returns how often a command would send each of these commands to a server.
fn said(data: &Value, server: &str, names: &[&str]) -> BTreeMap<String, u64> {
    let commands = data["commands"].as_array().unwrap();
    let count = |name: &str| {
        let begin = name.to_uppercase().replace('|', " ");
        let is = |sent: &&Value| {
            let command = sent["command"].as_str().unwrap();
            sent["server"] == server && (format!("{command} ").starts_with(&format!("{begin} ")))
        };
        u64::try_from(commands.iter().filter(is).count()).unwrap()
    };
    names
        .iter()
        .map(|name| ((*name).to_owned(), count(name)))
        .collect()
}

/// Runs a command that must send what it says before.
#[track_caller]
fn as_said(world: &World, words: &[&str]) {
    let config = format!("127.0.0.1:{}", world.config.port());
    let servers = [
        (&world.config, config, &CONFIG[..]),
        (&world.servers[0], world.address(0), &DATA[..]),
        (&world.servers[1], world.address(1), &DATA[..]),
    ];
    let all = || {
        servers
            .each_ref()
            .map(|(server, _, names)| counts(server, names))
    };
    let first = all();
    let words = [&["move", "logs"], words].concat();
    let data = world.operator.data(&[&words[..], &["--dry-run"]].concat());
    role(&world.servers[1]);
    let before = all();
    assert_eq!(first, before, "{words:?}");
    let control = world.config.command(&["GET", "config:redis:@fleet"]);
    let control: Option<String> = redis::from_redis_value(control).unwrap();
    let is_offered = control.is_some_and(|control| control.contains("\"prepare\""));
    role(&world.servers[1]);
    world.operator.done(&[&words[..], &["--yes"]].concat());
    let after = all();
    role(&world.servers[1]);
    for (number, (_, address, names)) in servers.iter().enumerate() {
        let (before, after) = (&before[number], &after[number]);
        let sent = names.iter().map(|name| {
            let name = (*name).to_owned();
            let count = after[&name] - before[&name];
            (name, count)
        });
        let mut sent: BTreeMap<_, _> = sent.collect();
        let said = said(&data, address, names);
        if let (true, Some(sent), Some(said)) = (is_offered, sent.get_mut("exec"), said.get("exec"))
        {
            // A candidate that was offered in the same second is the same.
            *sent = (*sent + 1).min(*said);
        }
        assert_eq!(said, sent, "{words:?} {address}: {data:#}");
    }
}

#[test]
fn r15_a_move_sends_what_its_dry_run_says() {
    let world = World::start();
    let to = world.address(1);
    as_said(&world, &["--to", &to, "--until", "synced"]);
    as_said(&world, &["--abort"]);
    as_said(&world, &["--to", &to, "--until", "prepared"]);
    as_said(&world, &["--cut"]);
    as_said(&world, &["--undo"]);
    as_said(&world, &["--undo", "--until", "synced"]);
    as_said(&world, &["--abort"]);
    as_said(&world, &["--finish"]);
    world.servers[1].command(&["REPLICAOF", "NO", "ONE"]);
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    as_said(&world, &["--to", &to]);
    as_said(&world, &["--resume"]);
    as_said(&world, &["--finish"]);
}

#[test]
fn r15_a_dry_run_knows_functions_config_files_and_a_fence_that_is_left_over() {
    let world = moving_settle::world();
    let function = "#!lua name=one\nredis.register_function('one', function() return 1 end)";
    world.servers[0].command(&["FUNCTION", "LOAD", function]);
    let to = world.address(1);
    let prepared = ["--to", &to, "--until", "prepared"];
    as_said(&world, &["--to", &to, "--until", "synced"]);
    as_said(&world, &["--abort"]);
    as_said(&world, &prepared);
    world.change_record("rewrite_ms", &json!(2500));
    as_said(&world, &["--cut"]);
    let fence = || {
        note_fence(&world, "0");
        set(&world.servers[0], OPTION, CLOSED);
    };
    fence();
    as_said(&world, &["--undo"]);
    as_said(&world, &["--finish"]);
    // A command was killed before the commit.
    for then in ["--resume", "--undo"] {
        let world = moving_settle::world();
        moving_settle::cut(&world);
        note_fence(&world, "0");
        set(&world.servers[0], OPTION, CLOSED);
        as_said(&world, &[then]);
    }
    // And after it.
    for then in ["--finish", "--resume"] {
        let world = moving_settle::world();
        moving_settle::cut(&world);
        moving_settle::commit(&world);
        role(&world.servers[0]);
        as_said(&world, &[then]);
    }
}

#[track_caller]
fn in_order(shown: &str, parts: &[String]) {
    let mut rest = shown;
    for part in parts {
        let found = rest.find(&**part);
        rest = &rest[found.unwrap_or_else(|| panic!("{part}: {shown}"))..];
    }
}

#[test]
fn r15_a_dry_run_shows_the_fence_and_the_program() {
    let world = moving_fence::world();
    let (from, to) = (world.address(0), world.address(1));
    let shown = world
        .operator
        .done(&["move", "logs", "--to", &to, "--dry-run"]);
    let parts = [
        format!("{from}> CONFIG SET min-replicas-to-write 1999999973"),
        format!("{from}> REPLICAOF 127.0.0.1 1"),
        format!("{to}> REPLICAOF NO ONE"),
        format!("{from}> REPLICAOF 127.0.0.1 {}", world.servers[1].port()),
        format!("{from}> CONFIG SET min-replicas-to-write 0"),
        "> SET config:redis:logs".to_owned(),
    ];
    in_order(&shown.stdout, &parts);
    let world = moving_copy::World::start();
    let program = copier("");
    let words = [&world.words(&program)[..], &["--dry-run"]].concat();
    let shown = world.operator.done(&words);
    let parts = [
        "CONFIG SET min-replicas-to-write 1999999973".to_owned(),
        "here> sh -c ".to_owned(),
        "> SET config:redis:logs".to_owned(),
        "CONFIG REWRITE".to_owned(),
    ];
    in_order(&shown.stdout, &parts);
    assert_eq!(world.size(), 0);
}

#[test]
fn r15_a_dry_run_of_a_fail_over_shows_what_the_sentinels_get() {
    let (config, sentinels) = (Server::start(), Sentinels::start());
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &sentinels.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let new = sentinels.server(1);
    new.command(&["CONFIG", "SET", "replica-priority", "1"]);
    crate::common::wait_until("the priority", || {
        crate::moving_kinds::is_listed(&sentinels, new, "1")
    });
    let to = format!("127.0.0.1:{}", new.port());
    let words = ["move", "logs", "--to", &to, "--accept-loss", "--dry-run"];
    let shown = operator.done(&words);
    in_order(&shown.stdout, &["> SENTINEL FAILOVER main".to_owned()]);
    assert_eq!(sentinels.primary(), 0);
}

#[test]
fn r15_a_dry_run_of_a_move_shows_no_secret() {
    let config = Server::start();
    let words = [
        "--requirepass",
        "hush-hush",
        "--repl-diskless-sync-delay",
        "0",
    ];
    let servers = [(), ()].map(|()| Server::start_with(&words));
    let operator = Operator::of(&config);
    let file = operator.file("password", "hush-hush");
    let (port, password) = (
        format!("port={}", servers[0].port()),
        format!("password=@{}", file.display()),
    );
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let to = format!("127.0.0.1:{}", servers[1].port());
    for format in ["table", "json", "ndjson"] {
        let words = ["move", "logs", "--to", &to, "--dry-run", "-o", format];
        let run = operator.done(&words);
        assert!(run.stdout.contains("CONFIG SET masterauth ***"), "{run:#?}");
        assert!(!format!("{run:#?}").contains("hush-hush"), "{run:#?}");
    }
}

#[test]
fn r15_a_dry_run_names_the_new_server_as_the_old_one_lists_it() {
    let bind = ["--bind", "127.0.0.1", "127.0.0.3"];
    let world = World::start_with(&[&bind[..], &["--replica-announce-ip", "127.0.0.3"]].concat());
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&begin);
    for (way, server) in [("--cut", 1), ("--undo", 0)] {
        let words = ["move", "logs", way, "--yes"];
        let shown = world.operator.done(&[&words[..], &["--dry-run"]].concat());
        let part = format!("FAILOVER TO 127.0.0.3 {} ", world.servers[server].port());
        assert!(shown.stdout.contains(&part), "{shown:#?}");
        world.operator.done(&words);
    }
}

#[test]
fn r15_a_dry_run_of_an_abort_gives_writes_back() {
    let world = moving_fence::prepared();
    moving_fence::note_fence(&world, "0");
    moving_fence::set(
        &world.servers[0],
        moving_fence::OPTION,
        moving_fence::CLOSED,
    );
    world.servers[1].stop();
    let words = ["move", "logs", "--abort", "--yes"];
    let shown = world.operator.done(&[&words[..], &["--dry-run"]].concat());
    let sent = format!("{}> CONFIG SET min-replicas-to-write 0", world.address(0));
    assert!(shown.stdout.contains(&sent), "{shown:#?}");
    world.operator.done(&words);
    assert_eq!(moving_fence::fence(&world.servers[0]), "0");
}
