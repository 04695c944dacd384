//! 11.2.1: locks that end by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use app::functions::locks::Lock;
use app::locks::{acquire_lock_with_timeout, refresh_lock, release_lock};
use redis_components::Settings;
use redis_components_testing::Server;

use crate::{ask, at_once, components, patient, until};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_lock_has_one_holder_until_it_is_released() {
    let server = Server::start();
    components(["locks"], &server)
        .scope(async {
            let lock = acquire("market").await.unwrap();
            assert_eq!(acquire("market").await, None);
            assert!(acquire("other").await.is_some());
            let expiry: i64 = ask(&server, &["PTTL", "lock:market"]);
            assert!((1..=60_000).contains(&expiry), "{expiry}");

            assert!(release_lock(&lock).await.unwrap());
            assert!(!release_lock(&lock).await.unwrap());
            assert!(acquire("market").await.is_some());
        })
        .await;
}

#[tokio::test]
async fn whoever_wants_a_lock_waits_for_it_but_not_for_ever() {
    let server = Server::start();
    components(["locks"], &server)
        .scope(async {
            let lock = acquire("market").await.unwrap();
            let begun = Instant::now();
            let patience = Duration::from_millis(100);
            let second = acquire_lock_with_timeout("market", patience, LONG).await;
            assert_eq!(second.unwrap(), None);
            assert!(begun.elapsed() > patience / 2);

            let (released, acquired) = tokio::join!(
                release_lock(&lock),
                acquire_lock_with_timeout("market", LONG, LONG)
            );
            assert!(released.unwrap() && acquired.unwrap().is_some());
        })
        .await;
}

#[tokio::test]
async fn a_lock_that_ended_is_not_released_for_its_next_holder() {
    let server = Server::start();
    components(["locks"], &server)
        .scope(async {
            let instant = Duration::from_millis(1);
            let first = acquire_lock_with_timeout("market", Duration::ZERO, instant).await;
            let first = first.unwrap().unwrap();
            let second = acquire_lock_with_timeout("market", LONG, LONG).await;
            let second = second.unwrap().unwrap();

            assert!(!refresh_lock(&first, LONG).await.unwrap());
            assert!(!release_lock(&first).await.unwrap());
            assert!(release_lock(&second).await.unwrap());
        })
        .await;
}

#[tokio::test]
async fn a_refreshed_lock_ends_later() {
    let server = Server::start();
    components(["locks"], &server)
        .scope(async {
            let lock = acquire("market").await.unwrap();
            assert!(refresh_lock(&lock, LONG * 10).await.unwrap());
            let expiry: i64 = ask(&server, &["PTTL", "lock:market"]);
            assert!(expiry > 60_000, "{expiry}");
        })
        .await;
}

#[tokio::test]
async fn holders_follow_one_another() {
    let server = Server::start();
    components(["locks"], &server)
        .scope(async {
            let inside = Arc::new(AtomicU32::new(0));
            let most = at_once((0..20).map(|_| {
                let inside = Arc::clone(&inside);
                async move {
                    let lock = acquire_lock_with_timeout("market", LONG, LONG).await;
                    let lock = lock.unwrap().unwrap();
                    let together = inside.fetch_add(1, Ordering::SeqCst) + 1;
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    assert!(release_lock(&lock).await.unwrap());
                    together
                }
            }))
            .await;
            assert_eq!(most, [1; 20]);
        })
        .await;
}

/// 11.1.1: a script is loaded once and then called by its hash; a server that has forgotten it, or
/// never had it, is given it again.
#[tokio::test]
async fn scripts_are_loaded_where_they_are_missing() {
    let config = Server::start();
    let [a, b] = [Server::start(), Server::start()];
    let key = app::locks::COMPONENT.key();
    config.command(&["SET", key, &a.config()]);
    patient(Settings::new(config.url()))
        .scope(async {
            for _ in 0..3 {
                let lock = acquire("market").await.unwrap();
                assert!(release_lock(&lock).await.unwrap());
            }
            // The first was answered with NOSCRIPT.
            assert_eq!((loads(&a), a.command_calls("evalsha")), (1, 4));

            a.command(&["SCRIPT", "FLUSH"]);
            let before = loads(&a);
            let lock = acquire("market").await.unwrap();
            assert!(release_lock(&lock).await.unwrap());
            assert_eq!(loads(&a) - before, 1);

            config.command(&["SET", key, &b.config()]);
            until("the component has moved", async || {
                acquire("moved").await.is_some() && b.command_calls("set") > 0
            })
            .await;
            assert_eq!(b.command_calls("evalsha"), 0);
            let lock = acquire("market").await.unwrap();
            assert!(release_lock(&lock).await.unwrap());
            assert_eq!(loads(&b), 1);
        })
        .await;
}

async fn acquire(name: &str) -> Option<Lock> {
    acquire_lock_with_timeout(name, Duration::ZERO, LONG)
        .await
        .unwrap()
}

fn loads(server: &Server) -> u64 {
    // Servers before 7.0 count subcommands together.
    server.command_calls("script|load") + server.command_calls("script")
}
