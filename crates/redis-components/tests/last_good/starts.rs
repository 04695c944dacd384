//! Processes that start while the config server does not answer.

use std::time::{Duration, Instant, SystemTime};

use redis_components::{ComponentConfig, ErrorKind, Settings, get_config, set_config, status};

use crate::common::traffic::figure;
use crate::common::{HOUR, arrives, declare, patient, until, whereabouts, whereabouts_blocking};
use crate::{ANSWERS, STARTS, Scene, is_from_file};

/// Lets a first process save the config of `a`.
async fn saved() -> (Scene, &'static redis_components::Component) {
    let scene = Scene::start();
    let logs = declare("logs", Duration::from_millis(100));
    scene.world.move_to(logs, &scene.world.a);
    let first = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        assert!(!is_from_file());
        scene.is_saved(&scene.world.a.config()).await;
    };
    scene.settings().scope(first).await;
    (scene, logs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_process_starts_without_its_config_server_and_follows_it_once_it_answers() {
    let faults: [(_, fn(&Scene)); 2] = [
        ("refuses", Scene::cut_off),
        ("is frozen", |scene| scene.proxy.hold()),
    ];
    for (what, fault) in faults {
        let (scene, logs) = saved().await;
        fault(&scene);
        scene.world.move_to(logs, &scene.world.b);
        let (before, begun) = (SystemTime::now(), Instant::now());
        let started = async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let took = begun.elapsed();
            assert!(took < STARTS, "{what}: {took:?}");
            figure(&format!("start while the config server {what}"), [took]);
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");

            let status = status();
            let component = &status.components[0];
            let last_good = component.last_good.as_ref().unwrap();
            assert_eq!(last_good.file, scene.path());
            assert!(last_good.since >= before && last_good.saved <= last_good.since);
            let problem = component.problem.as_ref().unwrap();
            assert!(problem.contains("the config server"), "{problem}");
            let error = get_config(logs).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);

            scene.proxy.pass();
            arrives(logs, "b").await;
            assert!(!is_from_file());
            let status = serde_json::to_value(redis_components::status()).unwrap();
            let component = &status["components"][0];
            assert_eq!(component["problem"], serde_json::Value::Null);
            assert_eq!(component["current"]["generation"], 2);
            scene.is_saved(&scene.world.b.config()).await;
        };
        scene.settings().scope(started).await;
    }
}

#[test]
fn r5_a_blocking_process_starts_without_its_config_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (scene, logs) = runtime.block_on(saved());
    drop(runtime);
    scene.proxy.hold();
    scene.settings().scope_blocking(|| {
        let begun = Instant::now();
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        assert!(begun.elapsed() < STARTS, "{:?}", begun.elapsed());
        assert!(is_from_file());
    });
}

#[tokio::test]
async fn r5_a_component_that_is_asked_for_during_the_outage_starts_too() {
    let (scene, logs) = saved().await;
    let locks = declare("locks", HOUR);
    scene.world.move_to(locks, &scene.world.b);
    let second = async {
        assert_eq!(whereabouts(locks).await.unwrap(), "b");
        scene.is_saved(&scene.world.b.config()).await;
    };
    scene.settings().scope(second).await;

    scene.cut_off();
    let during = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        let begun = Instant::now();
        assert_eq!(whereabouts(locks).await.unwrap(), "b");
        assert!(begun.elapsed() < STARTS, "{:?}", begun.elapsed());
        let unknown = declare("unknown", HOUR);
        let error = unknown.connection().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
        let told = error.to_string();
        assert!(told.contains("has no config for it"), "{told}");
        assert!(told.contains("last-good.json"), "{told}");
    };
    scene.settings().scope(during).await;
}

#[tokio::test]
async fn r5_a_key_that_is_gone_leaves_a_component_on_the_file_where_it_is() {
    let (scene, logs) = saved().await;
    scene.cut_off();
    let started = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        scene.world.config.command(&["DEL", logs.key()]);
        scene.proxy.pass();
        until("the key is missed", async || {
            let problem = status().components[0].problem.clone();
            problem.is_some_and(|problem| problem.contains("there is no config"))
        })
        .await;
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        assert!(is_from_file());
    };
    scene.settings().scope(started).await;

    // It stays in the file, as it stays in force.
    scene.cut_off();
    let again = scene.settings().scope(whereabouts(logs)).await;
    assert_eq!(again.unwrap(), "a");

    // A process that is told that the key is gone does not look into the file.
    scene.proxy.pass();
    let told = scene.settings().scope(logs.connection()).await;
    assert_eq!(told.unwrap_err().kind(), ErrorKind::ConfigMissing);
}

#[tokio::test]
async fn r5_a_component_that_was_switched_off_stays_off() {
    let (scene, logs) = saved().await;
    let off = ComponentConfig::disabled();
    let switched_off = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        set_config(logs, &off).await.unwrap();
        scene.is_saved(&off.to_json()).await;
    };
    scene.settings().scope(switched_off).await;
    scene.cut_off();
    let error = scene.settings().scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disabled);

    // Switched off before any call.
    scene.proxy.pass();
    scene.world.move_to(logs, &scene.world.b);
    let on = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "b");
        scene.is_saved(&scene.world.b.config()).await;
    };
    scene.settings().scope(on).await;
    scene.world.set(logs, r#"{"disabled": true}"#);
    let off = async {
        let error = logs.connection().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disabled);
        scene.is_saved(r#"{"disabled": true}"#).await;
    };
    scene.settings().scope(off).await;
}

#[tokio::test]
async fn r5_a_config_server_that_lets_nobody_in_leaves_a_process_on_the_file() {
    let (scene, logs) = saved().await;
    scene
        .world
        .config
        .command(&["ACL", "SETUSER", "reader", "on", ">right", "~*", "+@all"]);
    let port = scene.proxy.port();
    let url = format!("redis://reader:wrong@127.0.0.1:{port}");
    let settings = patient(Settings::new(url)).last_good_file(scene.path());
    let started = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        let problem = status().components[0].problem.clone().unwrap();
        assert!(problem.contains("WRONGPASS"), "{problem}");
        assert!(is_from_file());
    };
    settings.scope(started).await;
}

#[tokio::test]
async fn r5_the_configs_of_another_config_server_are_not_used() {
    let (scene, logs) = saved().await;
    let other = redis_components_testing::Server::start();
    let (port, url) = (scene.proxy.port(), other.url());
    other.stop();
    let another_database = format!("redis://127.0.0.1:{port}/1");
    scene.cut_off();
    for url in [url, another_database] {
        let settings = patient(Settings::new(url)).last_good_file(scene.path());
        let error = settings.scope(logs.connection()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable, "{error}");
        assert!(
            error.to_string().contains("has no config for it"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn r10_components_that_are_asked_for_one_after_the_other_do_not_wait_for_attempts() {
    const COMPONENTS: usize = 20;
    let scene = Scene::start();
    let components: Vec<_> = (0..COMPONENTS)
        .map(|number| declare(format!("c{number}").leak(), HOUR))
        .collect();
    let saves = async {
        for component in &components {
            scene.world.move_to(component, &scene.world.a);
            assert_eq!(whereabouts(component).await.unwrap(), "a");
        }
        until("all are saved", async || {
            components
                .iter()
                .all(|one| scene.text().contains(one.key()))
        })
        .await;
    };
    scene.settings().scope(saves).await;
    scene.cut_off();
    let starts = async {
        // By now attempts are up to half a second apart.
        let error = declare("unknown", HOUR).connection().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
        let begun = Instant::now();
        for component in &components {
            assert_eq!(whereabouts(component).await.unwrap(), "a");
        }
        let took = begun.elapsed();
        figure("twenty starts from the file", [took]);
        assert!(took < Duration::from_millis(1500), "{took:?}");
    };
    scene.settings().scope(starts).await;
}

#[tokio::test]
async fn r10_a_component_on_the_file_fails_fast_if_its_server_is_down_too() {
    let (scene, logs) = saved().await;
    scene.proxy.hold();
    scene.world.a.stop();
    let fails = async {
        let error = logs.connection().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
        let begun = Instant::now();
        for _ in 0..100 {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
        }
        assert!(begun.elapsed() < ANSWERS, "{:?}", begun.elapsed());
        scene.world.a.restart();
        scene.world.a.command(&["SET", "name", "a"]);
        until("its server is back", async || {
            whereabouts(logs).await.is_ok_and(|name| name == "a")
        })
        .await;
    };
    scene.settings().scope(fails).await;
}
