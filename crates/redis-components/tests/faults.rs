//! R5 and R10 under fault: servers that are down, frozen, restarted, or something else.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use common::impostors::{impostor, refuses, tarpit, web_server};
use common::{
    SOON, World, always_fresh, count, counter, declare, until, whereabouts, whereabouts_blocking,
};
use redis_components::{Error, ErrorKind, Settings, status};

#[tokio::test]
async fn r10_a_server_that_is_killed_fails_fast_and_is_back_when_it_is() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(3600));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.a.stop();
            until("the connection is known to be dead", async || {
                logs.connection().await.is_err()
            })
            .await;
            let begun = Instant::now();
            for _ in 0..1000 {
                let error = logs.connection().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
                assert_eq!(error.component(), Some("logs"));
            }
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());

            world.a.restart();
            until("the server is back", async || {
                logs.connection().await.is_ok()
            })
            .await;
            count(logs).await.unwrap();
            assert_eq!(counter(&world.a), 1);
        })
        .await;
}

/// It is younger than what counts against its server, but it has served.
#[tokio::test]
async fn r10_a_young_connection_that_is_lost_once_fails_no_later_call() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(3600));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let kept = logs.connection().await.unwrap();
            world
                .a
                .command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
            until("the loss is seen", async || !kept.is_current()).await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test]
async fn r10_a_broken_connection_makes_the_component_look_where_it_is() {
    let world = World::start();
    // An hour: it is the broken connection that makes it look.
    let logs = declare("logs", Duration::from_secs(3600));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.move_to(logs, &world.b);
            world.a.stop();
            until("the move is seen", async || {
                let Ok(mut connection) = logs.connection().await else {
                    return false;
                };
                common::name_of(&mut connection)
                    .await
                    .is_ok_and(|name| name == "b")
            })
            .await;
        })
        .await;
}

#[test]
fn r10_a_blocking_call_recovers_from_a_restart_too() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(3600));
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        world.a.stop();
        let mut connection = logs.blocking_connection().unwrap();
        assert!(common::name_of_blocking(&mut connection).is_err());
        drop(connection);
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable);

        world.a.restart();
        world.a.command(&["SET", "name", "a"]);
        let deadline = Instant::now() + SOON;
        while logs.blocking_connection().is_err() {
            assert!(Instant::now() < deadline, "the server is back");
        }
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
    });
}

#[tokio::test]
async fn r10_a_frozen_server_holds_a_call_for_no_longer_than_the_response_timeout() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.a.freeze();
            let begun = Instant::now();
            let mut connection = logs.connection().await.unwrap();
            assert!(
                common::name_of(&mut connection)
                    .await
                    .unwrap_err()
                    .is_timeout()
            );
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            // And moved away, the component goes on at once.
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            world.a.thaw();
        })
        .await;
}

#[test]
fn r10_a_frozen_server_holds_a_blocking_call_for_no_longer_than_the_response_timeout() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let mut connection = logs.blocking_connection().unwrap();
        world.a.freeze();
        let begun = Instant::now();
        let incremented: redis::RedisResult<u64> =
            redis::cmd("INCR").arg("counter").query(&mut connection);
        assert!(incremented.unwrap_err().is_timeout());
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        world.a.thaw();
        // The reply to what timed out must not be taken for that of the next command.
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        // And the command that timed out was sent once.
        assert_eq!(counter(&world.a), 1);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_frozen_config_server_costs_one_bounded_wait_and_then_none() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.freeze();
            let begun = Instant::now();
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let first = begun.elapsed();
            for _ in 0..100 {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
            }
            let rest = begun.elapsed() - first;
            assert!(first < SOON, "{first:?}");
            assert!(rest < SOON, "a hundred calls took {rest:?}");
            let problem = status().components[0].problem.clone().unwrap();
            assert!(problem.contains("no answer in time"), "{problem}");

            // What is written as soon as it answers again is followed.
            world.config.thaw();
            world.move_to(logs, &world.b);
            until("the move is seen", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            assert_eq!(status().components[0].problem, None);
        })
        .await;
}

#[tokio::test]
async fn r2_a_config_server_that_restarts_with_another_config_is_followed() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            for (server, name) in [(&world.b, "b"), (&world.a, "a")] {
                whereabouts(logs).await.unwrap();
                world.config.restart();
                world.move_to(logs, server);
                until("the move is seen", async || {
                    whereabouts(logs).await.unwrap() == name
                })
                .await;
            }
        })
        .await;
}

#[tokio::test]
async fn r2_a_connection_to_the_config_server_that_ended_while_idle_costs_nothing() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world
                .config
                .command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
            world.move_to(logs, &world.b);
            // Not within a while, but at once.
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}

/// A cold call's error, asynchronous and blocking, each in bounded time.
async fn cold_errors(settings: Settings, expected: ErrorKind) -> [Error; 2] {
    let (one, two) = (always_fresh("logs"), always_fresh("logs"));
    let begun = Instant::now();
    let asynchronous = settings
        .clone()
        .scope(async { one.connection().await.unwrap_err() })
        .await;
    let blocking = settings.scope_blocking(|| two.blocking_connection().unwrap_err());
    assert!(begun.elapsed() < 2 * SOON, "{:?}", begun.elapsed());
    for error in [&asynchronous, &blocking] {
        assert_eq!(error.kind(), expected, "{error}");
        assert_eq!(error.component(), Some("logs"));
        assert_eq!(error.key(), Some("config:redis:logs"));
        assert!(
            error
                .server()
                .is_some_and(|server| server.starts_with("127.0.0.1:")),
            "{error:?}"
        );
    }
    [asynchronous, blocking]
}

#[tokio::test]
async fn a_config_server_that_cannot_be_used_is_named_in_a_typed_error() {
    let locked = redis_components_testing::Server::start_with(&["--requirepass", "right"]);
    let wrong_password = format!("redis://:S3CR3T-7f@127.0.0.1:{}", locked.port());
    let cases = [
        (
            format!("redis://127.0.0.1:{}", refuses()),
            ErrorKind::ConfigServerUnreachable,
        ),
        (
            format!("redis://127.0.0.1:{}", impostor(tarpit)),
            ErrorKind::ConfigServerUnreachable,
        ),
        (
            format!("redis://127.0.0.1:{}", impostor(web_server)),
            ErrorKind::ConfigServerRefused,
        ),
        (locked.url(), ErrorKind::ConfigServerRefused),
        (wrong_password, ErrorKind::ConfigServerRefused),
    ];
    for (url, expected) in cases {
        for error in cold_errors(Settings::new(url), expected).await {
            assert!(
                !format!("{error} {error:?}").contains("S3CR3T"),
                "{error:?}"
            );
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{source:?}").contains("S3CR3T"), "{source:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named_in_a_typed_error() {
    let world = World::start();
    let locked = redis_components_testing::Server::start_with(&["--requirepass", "right"]);
    // It answers that it does not know the command, and repeats the command's arguments.
    let without_auth =
        redis_components_testing::Server::start_with(&["--rename-command", "AUTH", ""]);
    let on = |port: u16| format!(r#"{{"host":"127.0.0.1","port":{port},"password":"S3CR3T-7f"}}"#);
    let cases = [
        (on(refuses()), ErrorKind::ServerUnreachable),
        (on(impostor(tarpit)), ErrorKind::ServerUnreachable),
        (on(impostor(web_server)), ErrorKind::ServerRefused),
        (on(locked.port()), ErrorKind::ServerRefused),
        (on(without_auth.port()), ErrorKind::ServerRefused),
    ];
    for (config, expected) in cases {
        world.config.command(&["SET", "config:redis:logs", &config]);
        for error in cold_errors(world.settings(), expected).await {
            assert!(
                !format!("{error} {error:?}").contains("S3CR3T"),
                "{error:?}"
            );
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{source:?}").contains("S3CR3T"), "{source:?}");
        }
    }
}

#[tokio::test]
async fn a_config_that_cannot_be_used_is_refused_in_a_typed_error_without_its_values() {
    let world = World::start();
    let secret = "S3CR3T-7f";
    let values = [
        secret.to_owned(),
        format!("\"{secret}\""),
        format!(r#"{{"host":"h","password":"{secret}"#),
        format!(r#"{{"host":"h","password":["{secret}"]}}"#),
        format!(r#"{{"host":"h","password":{{"env":"{secret}"}}}}"#),
        format!(r#"{{"host":"h","passwort":"{secret}"}}"#),
        format!(r#"{{"host":"h","port":"{secret}"}}"#),
        format!(r#"{{"host":"h","password":"{secret}","password":"{secret}"}}"#),
        format!(r#"{{"url":"redis://:{secret}@h:0"}}"#),
        format!(r#"{{"url":"rediss://:{secret}@h"}}"#),
        format!(r#"{{"url":"{secret}"}}"#),
        format!(r#"{{"url":"redis://h","password":"{secret}"}}"#),
        format!(r#"{{"password":"{secret}"}}"#),
        format!(r#"{{"host":"","password":"{secret}"}}"#),
        format!(r#"{{"unix_socket_path":"/{secret}"}}"#),
        format!(r#"{{"sentinels":["{secret}:1"],"service_name":"m"}}"#),
        format!(r#"{{"cluster":["{secret}:1"]}}"#),
        format!(r#"{{"host":"{}","comment":"{}"}}"#, "h", "x".repeat(70_000)),
        "\u{feff}{}".to_owned(),
        "[".repeat(100_000),
    ];
    for value in values {
        world.config.command(&["SET", "config:redis:logs", &value]);
        for error in cold_errors(world.settings(), ErrorKind::ConfigInvalid).await {
            assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
        }
    }
    world.config.command(&["DEL", "config:redis:logs"]);
    world.config.command(&["LPUSH", "config:redis:logs", "x"]);
    cold_errors(world.settings(), ErrorKind::ConfigInvalid).await;
}

#[tokio::test]
async fn a_config_server_url_that_cannot_be_used_is_refused_without_being_shown() {
    for url in [
        "S3CR3T-7f",
        "redis://:S3CR3T-7f@h:99999",
        "rediss://:S3CR3T-7f@h",
        "unix:///S3CR3T-7f",
    ] {
        let logs = always_fresh("logs");
        let error = Settings::new(url)
            .scope(logs.connection())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert!(
            !format!("{error} {error:?}").contains("S3CR3T"),
            "{error:?}"
        );
    }
}
