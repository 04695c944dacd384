//! R15: what happens to servers in the middle of a copy.

use std::process::Stdio;

use redis_components_testing::{Cluster, Server};

use crate::common::{Operator, Run, wait_until};
use crate::copier::copier;
use crate::moving_copy::{CLOSED, World, fence};

#[test]
fn r15_a_replica_that_takes_over_behind_the_fence_of_a_copy_refuses_writes() {
    let (config, target) = (Server::start(), Server::start());
    let cluster = Cluster::start(3, 1);
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &cluster.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let primary = cluster.primary_of("known");
    cluster.node(primary).command(&["SET", "known", "before"]);
    let (started, goes_on) = (operator.file("started", ""), operator.file("goes_on", ""));
    for file in [&started, &goes_on] {
        std::fs::remove_file(file).unwrap();
    }
    let program = format!(
        "{} && touch {} && while ! test -e {}; do sleep 0.05; done",
        copier(""),
        started.display(),
        goes_on.display()
    );
    let to = format!("127.0.0.1:{}", target.port());
    let words = [
        "move",
        "logs",
        "--yes",
        "--copy-with",
        &program,
        "--to",
        &to,
    ];
    let mut command = operator.command(&[&words[..], &["-o", "json"]].concat());
    let moving = command.stdout(Stdio::piped());
    let moving = moving.spawn().unwrap();
    wait_until("the program has copied", || started.exists());
    let primary = cluster.node(cluster.failover(primary));
    let refused = primary.try_command(&["SET", "known", "after"]).unwrap_err();
    assert_eq!(refused.code(), Some("NOREPLICAS"));
    std::fs::write(&goes_on, "").unwrap();
    let ended = Run::of(&moving.wait_with_output().unwrap());
    let error = ended.envelope()["error"].clone();
    assert_eq!(
        (ended.code, &error["code"]),
        (3, &"wrong_state".into()),
        "{ended:#?}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("has other primaries"), "{message}");
    assert!(cluster.nodes().iter().all(|node| fence(node) == "0"));
    primary.command(&["SET", "known", "after"]);
    // The old primary follows the new one.
    wait_until("each primary has a replica", || {
        let has_replica = |node: &std::sync::Arc<Server>| {
            let role: Vec<redis::Value> = redis::from_redis_value(node.command(&["ROLE"])).unwrap();
            let name: String = redis::from_redis_value(role[0].clone()).unwrap();
            let replicas = redis::from_redis_value::<Vec<redis::Value>>(role[2].clone());
            name != "master" || replicas.is_ok_and(|replicas| !replicas.is_empty())
        };
        cluster.nodes().iter().all(has_replica)
    });
    // It goes on with the primaries that there are.
    let words = ["move", "logs", "--yes", "--resume", "--copy-with"];
    let moved = operator.data(&[&words[..], &[&copier("")]].concat());
    assert_eq!(moved["state"], "committed", "{moved:#}");
    assert!(cluster.nodes().iter().all(|node| fence(node) == CLOSED));
    let known: String = redis::from_redis_value(target.command(&["GET", "known"])).unwrap();
    assert_eq!(known, "after");
}

#[test]
fn r15_an_abort_does_not_empty_what_others_use_by_now() {
    let world = World::start();
    let (mut moving, _) = world.begin(&copier(""));
    moving.kill().unwrap();
    moving.wait().unwrap();
    let copied = world.size();
    assert!(copied > 0);
    world
        .operator
        .done(&["set", "stats", &world.to, "--create"]);
    let run = world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let told = ["was not emptied", "the data of stats"];
    assert!(
        told.iter().all(|part| run.stderr.contains(part)),
        "{run:#?}"
    );
    assert_eq!(world.size(), copied);
}

#[test]
fn r15_a_copy_of_another_database_than_the_first_is_compared_there() {
    let (config, source, target) = (Server::start(), Server::start(), Server::start());
    let operator = Operator::of(&config);
    let config = format!(
        "{{\"host\":\"127.0.0.1\",\"port\":{},\"db\":3}}",
        source.port()
    );
    let file = operator.file("logs.json", &config);
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    // A connection of its own: others stay in the first database.
    let in_db = |server: &Server, words: &[&str]| {
        let url = format!("redis://127.0.0.1:{}/3", server.port());
        let mut link = redis::Client::open(url).unwrap().get_connection().unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query::<redis::Value>(&mut link).unwrap()
    };
    in_db(&source, &["SET", "known", "before"]);
    in_db(&source, &["RPUSH", "list", "a", "b"]);
    let to = format!("127.0.0.1:{}", target.port());
    let words = ["move", "logs", "--yes", "--to", &to, "--copy-with"];
    let fault = copier("LEAVE_OUT=known");
    let (code, envelope) = operator.json(&[&words[..], &[&fault]].concat());
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!(code, 3, "{envelope:#}");
    assert!(message.contains("`known` is not there"), "{message}");
    in_db(&source, &["SET", "known", "after"]);
    operator.done(&["move", "logs", "--abort", "--yes"]);
    assert_eq!(in_db(&target, &["DBSIZE"]), redis::Value::Int(0));
    let program = copier("");
    let moved = operator.data(&[&words[..], &[&program]].concat());
    assert_eq!(
        (&moved["state"], &moved["compared"]),
        (&"committed".into(), &2.into())
    );
    let known: String = redis::from_redis_value(in_db(&target, &["GET", "known"])).unwrap();
    assert_eq!(known, "after");
    assert_eq!(target.command(&["DBSIZE"]), redis::Value::Int(0));
    let config = operator.data(&["get", "logs"]);
    assert_eq!(
        (&config["config"]["port"], &config["config"]["db"]),
        (&target.port().into(), &3.into())
    );
}

#[test]
fn r15_keys_that_expire_while_they_are_copied_are_no_difference() {
    let world = World::start();
    let mut filling = redis::pipe();
    for number in 0..40_000 {
        filling
            .cmd("SET")
            .arg(format!("short:{number}"))
            .arg(number);
        filling.arg("PX").arg(1000 + number / 5).ignore();
    }
    let url = format!("redis://127.0.0.1:{}/", world.source.port());
    let mut link = redis::Client::open(url).unwrap().get_connection().unwrap();
    filling.exec(&mut link).unwrap();
    let program = copier("");
    let moved = world.operator.data(&world.words(&program));
    assert_eq!(moved["state"], "committed", "{moved:#}");
    println!(
        "figure: {} keys compared, {} ms",
        moved["compared"], moved["held_ms"]
    );
}

#[test]
fn r15_of_two_copies_at_once_one_is_made() {
    let world = World::start();
    let program = format!("sleep 1; {}", copier(""));
    let words = [&world.words(&program)[..], &["-o", "json"]].concat();
    let begin = || {
        let mut command = world.operator.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let both = [begin(), begin()];
    let mut ended = both.map(|child| Run::of(&child.wait_with_output().unwrap()));
    ended.sort_by_key(|run| run.code);
    assert_eq!(ended.each_ref().map(|run| run.code), [0, 3], "{ended:#?}");
    assert_eq!(ended[0].envelope()["data"]["state"], "committed");
    assert_eq!(
        world.operator.data(&["move", "logs", "--status"])["state"],
        "committed"
    );
    assert_eq!(fence(&world.source), CLOSED);
}

/// Somebody may fence the source between a look at its option and a write of what was there.
#[test]
fn r15_a_look_before_a_copy_does_not_lift_the_fence_of_another() {
    let world = World::start();
    let everything = ["CONFIG", "SET", "slowlog-log-slower-than", "0"];
    world.source.command(&everything);
    let words = ["doctor", "--move", "logs", "--copy-with", "true", "--to"];
    world.operator.run(&[&words[..], &[&world.to]].concat());
    let log = world.source.command(&["SLOWLOG", "GET", "-1"]);
    // Number, time, duration, words, and who sent them.
    let log: Vec<(u64, u64, u64, Vec<String>, String, String)> =
        redis::from_redis_value(log).unwrap();
    let is_set = |option: &str| {
        log.iter().any(|(.., words, _, _)| {
            words.starts_with(&["CONFIG", "SET", option].map(str::to_owned))
        })
    };
    assert!(is_set("min-replicas-max-lag"), "{log:#?}");
    assert!(!is_set("min-replicas-to-write"), "{log:#?}");
}
