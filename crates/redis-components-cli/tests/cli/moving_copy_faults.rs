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
