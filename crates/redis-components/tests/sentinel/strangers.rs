//! Sentinels of another deployment that has a service of the same name.

use std::time::{Duration, Instant};

use redis_components::Settings;
use redis_components_testing::{Sentinels, Server};
use serde_json::json;

use crate::common::{HOUR, count, declare, patient, until};
use crate::set_up::{config_with, has_moved, in_force, problem};

/// How long a component is called while sentinels disagree.
const WHILE: Duration = Duration::from_secs(6);

/// Starts the other deployment, which has failed over once. Ours never has.
fn start_other() -> Sentinels {
    let other = Sentinels::start();
    other.failover();
    other
}

/// The config of `ours`, which names sentinels of others as well.
fn naming(ours: &[Server], others: &[Server]) -> String {
    let ports = ours.iter().chain(others).map(Server::port);
    let addresses: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
    json!({"sentinels": addresses, "service_name": "main"}).to_string()
}

fn writes(world: &Sentinels) -> u64 {
    let calls = |server: &Server| server.command_calls("incr");
    world.servers().iter().map(calls).sum()
}

fn blames(port: u16) -> bool {
    let names = format!("127.0.0.1:{port}, which is not believed");
    problem().is_some_and(|text| text.contains(&names) && text.contains("from `sentinels`"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_sentinel_of_another_deployment_in_the_config_is_not_believed() {
    let config = Server::start();
    let (world, other) = (Sentinels::start(), start_other());
    let logs = declare("logs", HOUR);
    let value = naming(world.sentinels(), &other.sentinels()[..1]);
    config.command(&["SET", logs.key(), &value]);
    let stranger = other.server(other.primary()).port();
    patient(Settings::new(config.url()))
        .scope(async {
            count(logs).await.unwrap();
            until("the status says why", async || blames(stranger)).await;
            let begun = Instant::now();
            while begun.elapsed() < WHILE {
                count(logs).await.unwrap();
            }
            assert_eq!(in_force(), (world.server(0).port(), 1));
            // A fail-over of our own is followed, whatever the stranger says.
            world.begin_failover();
            has_moved(&world, logs).await;
        })
        .await;
    assert_eq!(writes(&other), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_sentinel_that_is_told_to_watch_another_primary_moves_nobody() {
    let config = Server::start();
    let (world, other) = (Sentinels::start(), start_other());
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    let stranger = other.server(other.primary()).port();
    patient(Settings::new(config.url()))
        .scope(async {
            count(logs).await.unwrap();
            let told = world.sentinel(2);
            told.command(&["SENTINEL", "REMOVE", "main"]);
            // Or they tell it where they are, and then believe it themselves.
            for sentinel in &world.sentinels()[..2] {
                sentinel.command(&["SENTINEL", "RESET", "main"]);
            }
            let monitor = |port: u16| {
                let port = port.to_string();
                told.command(&["SENTINEL", "MONITOR", "main", "127.0.0.1", &port, "2"]);
            };
            monitor(stranger);
            let begun = Instant::now();
            while begun.elapsed() < WHILE {
                count(logs).await.unwrap();
            }
            until("the status says why", async || blames(stranger)).await;
            // It does not decide alone because the others are silent, for however long.
            let silent = &world.sentinels()[..2];
            silent.iter().for_each(Server::freeze);
            let begun = Instant::now();
            while begun.elapsed() < WHILE {
                count(logs).await.unwrap();
            }
            silent.iter().for_each(Server::thaw);
            assert_eq!(in_force(), (world.server(0).port(), 1));
            told.command(&["SENTINEL", "REMOVE", "main"]);
            monitor(world.server(0).port());
            until("the status is well", async || problem().is_none()).await;
        })
        .await;
    assert_eq!(writes(&other), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_of_two_sentinels_that_disagree_none_is_believed_at_the_start() {
    let config = Server::start();
    let (world, other) = (Sentinels::start(), start_other());
    let logs = declare("logs", HOUR);
    let value = naming(&world.sentinels()[..1], &other.sentinels()[..1]);
    config.command(&["SET", logs.key(), &value]);
    patient(Settings::new(config.url()))
        .scope(async {
            let text = logs.connection().await.unwrap_err().to_string();
            for one in [&world, &other] {
                let sentinel = one.sentinel(0).port();
                let primary = one.server(one.primary()).port();
                let says = format!("127.0.0.1:{sentinel} names 127.0.0.1:{primary}, which is not");
                assert!(text.contains(&says), "{text}");
            }
            // The one that is left is believed.
            config.command(&["SET", logs.key(), &naming(&world.sentinels()[..1], &[])]);
            until("calls succeed", async || count(logs).await.is_ok()).await;
        })
        .await;
    assert_eq!(writes(&other), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_fail_over_is_followed_without_the_right_to_ask_for_replicas() {
    let config = Server::start();
    let rights = [
        "&+switch-master",
        "-@all",
        "+ping",
        "+subscribe",
        "+sentinel|master",
        "+sentinel|sentinels",
        "+sentinel|get-master-addr-by-name",
    ];
    let builder = Sentinels::builder().sentinel_user("app", "secret", &rights);
    let world = builder.start();
    let logs = declare("logs", HOUR);
    let login = json!({"sentinel_username": "app", "sentinel_password": "secret"});
    config.command(&["SET", logs.key(), &config_with(&world, &login)]);
    patient(Settings::new(config.url()))
        .scope(async {
            count(logs).await.unwrap();
            world.begin_failover();
            has_moved(&world, logs).await;
        })
        .await;
}
