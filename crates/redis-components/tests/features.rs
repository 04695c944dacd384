//! What a build without a feature says of a config that needs it.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(not(any(feature = "cluster", feature = "sentinel", feature = "tls")))]

#[allow(dead_code, reason = "one test uses little of it")]
mod common;

use redis_components::{ComponentConfig, Settings, check, status};

use common::{HOUR, World, declare, until, whereabouts, whereabouts_blocking};

/// Configs, and the features that they need.
fn needy(port: u16) -> [(String, &'static str); 3] {
    [
        (format!(r#"{{"cluster": ["127.0.0.1:{port}"]}}"#), "cluster"),
        (
            format!(r#"{{"sentinels": ["127.0.0.1:{port}"], "service_name": "s"}}"#),
            "sentinel",
        ),
        (
            format!(r#"{{"host": "127.0.0.1", "port": {port}, "ssl": true}}"#),
            "tls",
        ),
    ]
}

#[tokio::test]
async fn r5_a_config_that_needs_a_missing_feature_leaves_the_last_good_one_in_force() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            for (config, feature) in needy(world.b.port()) {
                let reason = format!("feature `{feature}`");
                let error = ComponentConfig::from_json(&config).unwrap();
                let error = check(&error, &Settings::default()).await.unwrap_err();
                assert!(error.to_string().contains(&reason), "{error}");

                world.set(logs, &config);
                until("the reason is told", async || {
                    assert_eq!(whereabouts(logs).await.unwrap(), "a");
                    let problem = status().components[0].problem.clone();
                    problem.is_some_and(|problem| problem.contains(&reason))
                })
                .await;
                assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            }
            world.move_to(logs, &world.b);
            common::arrives(logs, "b").await;
        })
        .await;
}
