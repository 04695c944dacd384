//! Where the policy lets a process connect to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redis_components::{ErrorKind, Policy, Settings, get_config, status};

use crate::common::cold::cold_errors;
use crate::common::impostors::impostor;
use crate::common::{World, always_fresh, config_with, whereabouts, whereabouts_blocking};

/// A policy that allows this machine's servers, by their ports.
fn of_ports(ports: &[u16]) -> Policy {
    let policy = Policy::new().allow_network("127.0.0.0/8").unwrap();
    ports
        .iter()
        .fold(policy, |policy, port| policy.allow_ports(*port..=*port))
}

fn problem() -> String {
    status().components[0].problem.clone().unwrap()
}

#[tokio::test]
async fn r11_a_config_that_the_policy_forbids_leaves_the_last_good_one_in_force() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let policy = of_ports(&[world.config.port(), world.a.port()]);
    world
        .settings()
        .policy(policy)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let before = world.b.connections_received();
            for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0x7f.1"] {
                let port = world.b.port();
                world.set(logs, &format!(r#"{{"host":"{host}","port":{port}}}"#));
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                assert!(
                    problem().contains("it does not allow port"),
                    "{}",
                    problem()
                );
                // What is on the config server can be read all the same.
                assert!(get_config(logs).await.is_ok());
            }
            assert_eq!(world.b.connections_received(), before);
            world.move_to(logs, &world.a);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(status().components[0].problem, None);
        })
        .await;
}

#[tokio::test]
async fn r11_nothing_is_sent_to_a_server_that_the_policy_forbids() {
    let world = World::start();
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let port = impostor(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let network = |network: &str| Policy::new().allow_network(network).unwrap();
    for (policy, host) in [
        (network("10.0.0.0/8").allow_ports(1..=65535), "127.0.0.1"),
        (network("10.0.0.0/8"), "::ffff:127.0.0.1"),
        (network("10.0.0.0/8"), "localhost"),
        (Policy::new().allow_host("*.redis.internal"), "localhost"),
        (Policy::new().allow_host("localhost"), "127.0.0.1"),
        (Policy::new().require_tls(), "127.0.0.1"),
    ] {
        let url = format!("redis://:S3CR3T@{host}:{port}")
            .replace("::ffff:127.0.0.1", "[::ffff:127.0.0.1]");
        let logs = always_fresh("logs");
        for settings in [
            Settings::fixed([("logs", url.clone())]),
            Settings::new(url.clone()),
        ] {
            let settings = settings.policy(policy.clone());
            let error = settings.scope(logs.connection()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ForbiddenByPolicy, "{error}");
            assert!(
                error.to_string().contains("the policy of this process"),
                "{error}"
            );
        }
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    drop(world);
}

#[tokio::test]
async fn r11_a_cold_start_with_a_config_that_the_policy_forbids_fails_with_a_typed_error() {
    let world = World::start();
    let port = world.a.port();
    world.config.command(&[
        "SET",
        "config:redis:logs",
        &config_with(port, r#""password":"S3CR3T""#),
    ]);
    let policy = of_ports(&[world.config.port()]);
    for error in cold_errors(
        world.settings().policy(policy),
        ErrorKind::ForbiddenByPolicy,
    )
    .await
    {
        assert!(error.to_string().contains("Policy::allow_ports"), "{error}");
    }
    // And the config server itself.
    cold_errors(
        world.settings().policy(of_ports(&[port])),
        ErrorKind::ForbiddenByPolicy,
    )
    .await;
}

#[tokio::test]
async fn r11_without_a_policy_link_local_addresses_are_forbidden() {
    let logs = always_fresh("logs");
    for host in [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[fe80::1%25lo]",
        "2852039166",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        let settings = Settings::fixed([("logs", format!("redis://{host}:6379"))]);
        let error = settings.scope(logs.connection()).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::ForbiddenByPolicy,
            "{host}: {error}"
        );
    }
}

#[tokio::test]
async fn r11_every_kind_of_connection_keeps_to_the_policy_that_a_server_is_allowed_by() {
    let world = World::start();
    let logs = always_fresh("logs");
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1"] {
        let port = world.a.port();
        world.set(logs, &format!(r#"{{"host":"{host}","port":{port}}}"#));
        let policy = Policy::new()
            .allow_network("127.0.0.1")
            .unwrap()
            .allow_host("localhost");
        let settings = world.settings().policy(policy);
        let here = settings.clone().scope(whereabouts(logs)).await;
        assert_eq!(here.unwrap(), "a", "{host}");
        let there = settings.scope_blocking(|| whereabouts_blocking(logs));
        assert_eq!(there.unwrap(), "a", "{host}");
    }
}

#[tokio::test]
async fn r11_a_policy_with_a_pattern_that_allows_nothing_is_not_used() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let policy = || {
        let all = Policy::new().allow_network("127.0.0.0/8").unwrap();
        all.allow_host("redis.internal:6379")
    };
    let is_told = |error: &redis_components::Error| {
        assert_eq!(error.kind(), ErrorKind::Settings, "{error}");
        let text = error.to_string();
        let says = "`Policy::allow_host(\"redis.internal:6379\")` holds a port; leave it out";
        assert!(text.contains(says), "{text}");
    };
    let settings = world.settings().policy(policy());
    let fixed = Settings::fixed([("logs", world.a.url())]).policy(policy());
    for settings in [settings, fixed] {
        is_told(&settings.clone().install().unwrap_err());
        let config = redis_components::ComponentConfig::from_url(&world.a.url()).unwrap();
        let checked = redis_components::check(&config, &settings).await;
        is_told(&checked.unwrap_err());
        let works = async {
            is_told(&whereabouts(logs).await.unwrap_err());
            is_told(&whereabouts_blocking(logs).unwrap_err());
        };
        settings.scope(works).await;
    }
}
