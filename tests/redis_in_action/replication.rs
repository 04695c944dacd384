//! 4.2.3 and 4.2.4: has a write reached a replica, and its disk?

use std::time::Duration;

use app::replication::{Durability, wait_for_sync};
use redis_components::Settings;
use redis_components_testing::Server;

use crate::{SOON, ask, patient, until};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_write_reaches_the_replica_and_its_disk() {
    let primary = primary();
    let replica = replica_of(
        &primary,
        &["--appendonly", "yes", "--appendfsync", "always"],
    );
    between(&primary, &replica)
        .scope(async {
            primary.command(&["SET", "written", "yes"]);
            let reached = wait_for_sync(SOON).await.unwrap();
            assert_eq!(reached, Durability::OnDisk);
            let written: String = ask(&replica, &["GET", "written"]);
            assert_eq!(written, "yes");
            let marks: u64 = ask(&primary, &["ZCARD", "sync:wait"]);
            assert_eq!(marks, 0);
        })
        .await;
}

#[tokio::test]
async fn a_replica_without_a_file_has_it_in_memory() {
    let primary = primary();
    let replica = replica_of(&primary, &[]);
    between(&primary, &replica)
        .scope(async {
            let reached = wait_for_sync(SOON).await.unwrap();
            assert_eq!(reached, Durability::Replicated);
        })
        .await;
}

#[tokio::test]
async fn a_server_that_is_no_replica_gets_nothing_and_the_wait_ends() {
    let [primary, other] = [Server::start(), Server::start()];
    between(&primary, &other)
        .scope(async {
            let reached = wait_for_sync(SHORT).await.unwrap();
            assert_eq!(reached, Durability::NotReplicated);
            let marks: u64 = ask(&primary, &["ZCARD", "sync:wait"]);
            assert_eq!(marks, 0);
        })
        .await;
}

#[tokio::test]
async fn a_replica_that_was_cut_off_and_came_back_has_it() {
    let primary = primary();
    let replica = replica_of(&primary, &[]);
    between(&primary, &replica)
        .scope(async {
            assert_eq!(wait_for_sync(SOON).await.unwrap(), Durability::Replicated);
            replica.command(&["REPLICAOF", "NO", "ONE"]);
            assert_eq!(
                wait_for_sync(SHORT).await.unwrap(),
                Durability::NotReplicated
            );
            let port = primary.port().to_string();
            replica.command(&["REPLICAOF", "127.0.0.1", &port]);
            until("the replica is back", async || {
                wait_for_sync(SHORT).await.unwrap() == Durability::Replicated
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn marks_that_nobody_removed_are_removed() {
    let [primary, other] = [Server::start(), Server::start()];
    primary.command(&["ZADD", "sync:wait", "1000000000", "left behind"]);
    between(&primary, &other)
        .scope(async {
            wait_for_sync(SHORT).await.unwrap();
            let marks: u64 = ask(&primary, &["ZCARD", "sync:wait"]);
            assert_eq!(marks, 0);
        })
        .await;
}

/// A server that does not wait for further replicas before it serves the first.
fn primary() -> Server {
    Server::start_with(&["--repl-diskless-sync-delay", "0"])
}

fn replica_of(primary: &Server, arguments: &[&str]) -> Server {
    let port = primary.port().to_string();
    let words = ["--replicaof", "127.0.0.1", &port];
    Server::start_with(&[&words, arguments].concat())
}

fn between(primary: &Server, replica: &Server) -> Settings {
    patient(Settings::fixed([
        ("primary", primary.url()),
        ("replica", replica.url()),
    ]))
}
