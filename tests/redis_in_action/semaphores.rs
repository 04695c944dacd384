//! 11.2.2: fair counting semaphores.

use std::time::Duration;

use app::functions::semaphores::Permit;
use app::semaphores::{acquire_semaphore, refresh_semaphore, release_semaphore};
use redis_components_testing::Server;

use crate::{ask, at_once, components};

const LONG: Duration = Duration::from_secs(60);
const NONE: [&str; 0] = [];

#[tokio::test]
async fn no_place_is_given_twice_however_many_want_one() {
    let server = Server::start();
    components(["semaphores"], &server)
        .scope(async {
            let permits = at_once((0..50).map(|_| acquire(5))).await;
            let permits: Vec<Permit> = permits.into_iter().flatten().collect();
            assert_eq!(permits.len(), 5);

            assert!(release_semaphore(&permits[0]).await.unwrap());
            assert!(!release_semaphore(&permits[0]).await.unwrap());
            assert!(acquire(5).await.is_some());
            assert_eq!(acquire(5).await, None);
        })
        .await;
}

#[tokio::test]
async fn who_does_not_refresh_loses_the_place() {
    let server = Server::start();
    components(["semaphores"], &server)
        .scope(async {
            let first = acquire(2).await.unwrap();
            let second = acquire(2).await.unwrap();
            // Both have been silent for two minutes; then one of them speaks.
            for holder in holders(&server) {
                server.command(&["ZINCRBY", "remote", "-120", &holder]);
            }
            assert!(refresh_semaphore(&second).await.unwrap());

            let third = acquire(2).await;
            assert!(third.is_some());
            assert_eq!(acquire(2).await, None);
            assert!(!refresh_semaphore(&first).await.unwrap());
            assert!(!release_semaphore(&first).await.unwrap());
            assert!(refresh_semaphore(&second).await.unwrap());
            let owners: u64 = ask(&server, &["ZCARD", "remote:owner"]);
            assert_eq!(owners, 2);
        })
        .await;
}

#[tokio::test]
async fn holders_are_numbered_as_they_come() {
    let server = Server::start();
    components(["semaphores"], &server)
        .scope(async {
            let first = acquire(3).await.unwrap();
            acquire(3).await.unwrap();
            assert!(release_semaphore(&first).await.unwrap());
            acquire(3).await.unwrap();
            let owners: Vec<(String, u64)> = ask(
                &server,
                &["ZRANGE", "remote:owner", "0", "-1", "WITHSCORES"],
            );
            let numbers: Vec<u64> = owners.iter().map(|(_, number)| *number).collect();
            assert_eq!(numbers, [2, 3]);
            let counter: u64 = ask(&server, &["GET", "remote:counter"]);
            assert_eq!(counter, 3);
        })
        .await;
}

#[tokio::test]
async fn nothing_is_left_when_all_have_gone() {
    let server = Server::start();
    components(["semaphores"], &server)
        .scope(async {
            let permit = acquire(1).await.unwrap();
            assert!(release_semaphore(&permit).await.unwrap());
            assert_eq!(holders(&server), NONE);
            let keys: Vec<String> = ask(&server, &["KEYS", "*"]);
            assert_eq!(keys, ["remote:counter"]);
        })
        .await;
}

async fn acquire(limit: usize) -> Option<Permit> {
    acquire_semaphore("remote", limit, LONG).await.unwrap()
}

fn holders(server: &Server) -> Vec<String> {
    ask(server, &["ZRANGE", "remote", "0", "-1"])
}
