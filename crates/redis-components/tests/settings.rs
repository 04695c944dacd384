//! Where the config server is said to be, and `Settings::fixed`.

mod common;

use std::time::Duration;

use common::impostors::refuses;
use common::{HOUR, World, always_fresh, declare, whereabouts, whereabouts_blocking};
use redis_components::__private::{Declaration, component};
use redis_components::{
    Component, ComponentConfig, ConfigSource, ErrorKind, Scope, Settings, set_config, status,
};
use redis_components_testing::Server;

#[tokio::test]
async fn r12_fixed_settings_need_no_config_server() {
    let world = World::start();
    let logs = always_fresh("logs");
    let other = always_fresh("other");
    Settings::fixed([("logs", world.a.url())])
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            assert_eq!(status().components[0].source, ConfigSource::Fixed);

            let error = other.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigMissing);
            assert!(error.to_string().contains("it gives: logs"), "{error}");
            let config = ComponentConfig::new("127.0.0.1");
            let error = redis_components::set_config(logs, &config)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings);
        })
        .await;
    let none: [(&str, &str); 0] = [];
    let error = Settings::fixed(none).scope(logs.connection()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("it gives none"), "{error}");
}

#[tokio::test]
async fn r12_errors_under_fixed_settings_name_no_key_of_a_config_server() {
    let logs = always_fresh("logs");
    Settings::fixed([("logs", format!("redis://127.0.0.1:{}", refuses()))])
        .scope(async {
            let asynchronous = logs.connection().await.unwrap_err();
            for error in [asynchronous, logs.blocking_connection().unwrap_err()] {
                let text = error.to_string();
                assert!(text.contains("named by `Settings::fixed`"), "{text}");
                assert!(!text.contains(logs.key()), "{text}");
            }
        })
        .await;
    let server = Server::start();
    let settings = Settings::fixed([("logs", server.url())]);
    settings
        .connect_timeout(Duration::from_secs(1))
        .scope_blocking(|| {
            let mut held = Vec::new();
            let error = loop {
                match logs.blocking_connection() {
                    Ok(connection) => held.push(connection),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::PoolExhausted);
            let text = error.to_string();
            assert!(text.contains("fewer threads"), "{text}");
            assert!(!text.contains(logs.key()), "{text}");
        });
}

#[tokio::test]
async fn r12_scopes_do_not_see_each_other() {
    let (one, two) = (World::start(), World::start());
    let logs = declare("logs", HOUR);
    one.move_to(logs, &one.a);
    two.move_to(logs, &two.b);
    let (first, second) = tokio::join!(
        one.settings().scope(async {
            tokio::spawn(Scope::wrap(whereabouts(logs)))
                .await
                .unwrap()
                .unwrap()
        }),
        two.settings()
            .scope(async { whereabouts(logs).await.unwrap() }),
    );
    assert_eq!((first.as_str(), second.as_str()), ("a", "b"));
}

#[tokio::test]
async fn r12_a_task_that_has_lost_its_scope_gets_an_error_and_not_somebody_elses_server() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let error = tokio::spawn(logs.connection()).await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings);
            assert!(error.to_string().contains("Scope::wrap"), "{error}");
        })
        .await;
}

#[tokio::test]
async fn r12_a_scope_that_ends_leaves_no_connection_behind() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            whereabouts(logs).await.unwrap();
            whereabouts_blocking(logs).unwrap();
        })
        .await;
    common::until("all are closed", async || {
        world.a.connected_clients() == 0 && world.config.connected_clients() == 0
    })
    .await;
}

#[tokio::test]
async fn r8_status_says_where_a_component_is_and_not_its_password() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.a.command(&[
        "ACL",
        "SETUSER",
        "writer",
        "on",
        ">S3CR3T-7f",
        "~*",
        "+@all",
    ]);
    let port = world.a.port();
    world.set(
        logs,
        &format!(
            r#"{{"host":"127.0.0.1","port":{port},"username":"writer","password":"S3CR3T-7f"}}"#
        ),
    );
    world
        .settings()
        .scope(async {
            whereabouts(logs).await.unwrap();
            let status = serde_json::to_value(status()).unwrap();
            assert!(!status.to_string().contains("S3CR3T"), "{status}");
            let logs = &status["components"][0];
            assert_eq!(logs["component"], "logs");
            assert_eq!(logs["key"], "config:redis:logs");
            assert_eq!(logs["source"], "push");
            assert_eq!(logs["current"]["generation"], 1);
            assert_eq!(logs["current"]["port"], port);
            assert_eq!(logs["current"]["username"], "writer");
            assert_eq!(logs["current"]["has_password"], true);
            assert!(
                logs["proof_age_seconds"]
                    .as_f64()
                    .is_some_and(|age| age < 3600.0)
            );
        })
        .await;
}

#[tokio::test]
async fn r1_a_key_prefix_leads_to_other_configs_on_the_same_config_server() {
    let world = World::start();
    let logs = always_fresh("logs");
    let own = leak(Declaration {
        name: "own",
        key: "where:own:is",
        key_prefix: "config:redis:",
        has_own_key: true,
        wait: Duration::ZERO,
        connections: 1,
        config_server: None,
    });
    world.move_to(logs, &world.a);
    world.move_to(own, &world.a);
    let staging = world.settings().key_prefix("staging:");
    staging
        .scope(async {
            assert_eq!((logs.key(), own.key()), ("staging:logs", "where:own:is"));
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigMissing);
            assert_eq!(error.key(), Some("staging:logs"));
            let config = ComponentConfig::from_json(&world.b.config()).unwrap();
            set_config(logs, &config).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert_eq!(whereabouts(own).await.unwrap(), "a");
            assert_eq!(status().components[0].key, "staging:logs");
        })
        .await;
    assert_eq!(logs.key(), "config:redis:logs");
    let usual = world.settings().scope(whereabouts(logs)).await;
    assert_eq!(usual.unwrap(), "a");
}

fn leak(declaration: Declaration) -> &'static Component {
    Box::leak(Box::new(component(declaration)))
}

#[tokio::test]
async fn r1_a_component_with_its_own_key_belongs_to_the_fleet_of_its_manifest() {
    let world = World::start();
    let shop = |name, key, has_own_key| {
        leak(Declaration {
            name,
            key,
            key_prefix: "shop:",
            has_own_key,
            wait: Duration::ZERO,
            connections: 1,
            config_server: None,
        })
    };
    let legacy = shop("legacy", "where:legacy", true);
    let logs = shop("logs", "shop:logs", false);
    world.move_to(legacy, &world.a);
    world.move_to(logs, &world.a);
    let canary = format!(
        r#"{{"canary": {{"legacy": {{"config": {}, "percent": 100}}}}}}"#,
        world.b.config()
    );
    world.config.command(&["SET", "shop:@fleet", &canary]);
    world
        .settings()
        .scope(async {
            // The one that is called first.
            assert_eq!(whereabouts(legacy).await.unwrap(), "b");
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            common::until("the receipt names the prefix of the fleet", async || {
                let keys = world
                    .config
                    .command(&["KEYS", "redis-components:receipt:*"]);
                let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
                let fields = |key| world.config.command(&["HVALS", key]);
                let fields = keys.iter().map(|key| format!("{:?}", fields(key)));
                let fields: Vec<String> = fields.collect();
                fields.len() == 1 && fields[0].contains("shop:")
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r1_two_components_with_one_key_are_two_components() {
    let world = World::start();
    let shared = |name| {
        leak(Declaration {
            name,
            key: "where:both:are",
            key_prefix: "config:redis:",
            has_own_key: true,
            wait: Duration::ZERO,
            connections: 1,
            config_server: None,
        })
    };
    let (one, two) = (shared("one"), shared("two"));
    Settings::fixed([("one", world.a.url()), ("two", world.b.url())])
        .scope(async {
            assert_eq!(whereabouts(one).await.unwrap(), "a");
            assert_eq!(whereabouts(two).await.unwrap(), "b");
        })
        .await;
    world.move_to(one, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(one).await.unwrap(), "a");
            assert_eq!(whereabouts(two).await.unwrap(), "a");
            let status = status();
            let names: Vec<_> = status.components.iter().map(|one| &one.component).collect();
            assert_eq!(names, ["one", "two"]);
        })
        .await;
}
