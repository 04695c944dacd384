//! Each thing is told once, on one line, whatever a server says.

use std::time::Duration;

use redis::RedisResult;
use redis_components::{Component, Settings, status};
use redis_components_testing::{Cluster, Server};

use crate::common::impostors::{Impatient, forger, impostor};
use crate::common::{World, always_fresh, arrives, declare, name_of, until, whereabouts};
use crate::log::{is_told, lines, listen};

async fn fails(component: &'static Component, settings: Settings) -> String {
    settings
        .scope(async {
            let error = component.connection().await.unwrap_err();
            format!("{error}\t{error:?}\t{:?}", status())
        })
        .await
}

#[tokio::test]
async fn r8_hostile_text_stays_on_one_line_and_is_escaped() {
    const HOSTILE: &str = r"h\r\n[ERROR] forged\u001b[31m red";
    listen();
    let world = World::start();
    let hostile = always_fresh("hostile");
    let forger = impostor(forger);
    let configs = [
        format!(r#"{{"host":"{HOSTILE}"}}"#),
        format!(r#"{{"{HOSTILE}":1}}"#),
        format!(r#"{{"host":"127.0.0.1","port":"{HOSTILE}"}}"#),
        format!(r#"{{"url":"redis://{HOSTILE}"}}"#),
        format!(r#"{{"host":"127.0.0.1","port":{forger},"password":"x"}}"#),
    ];
    let mut told = Vec::new();
    for config in &configs {
        world.set(hostile, config);
        told.push(fails(hostile, world.settings()).await);
    }
    // And the config server itself.
    told.push(
        fails(
            hostile,
            Settings::new(format!("redis://:x@127.0.0.1:{forger}")),
        )
        .await,
    );
    is_told(&["cannot be used", hostile.key()]).await;
    is_told(&["is lost", &forger.to_string()]).await;

    told.extend(lines(&["", hostile.key()]));
    told.extend(lines(&["", &forger.to_string()]));
    assert!(told.len() >= 2 * configs.len(), "{told:#?}");
    assert!(
        told.iter().any(|text| text.contains("[ERROR] forged")),
        "{told:#?}"
    );
    for text in told {
        assert!(
            !text.replace('\t', "").contains(char::is_control),
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn r5_a_config_that_is_refused_again_and_again_is_told_once() {
    listen();
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "right"]);
    let refused = always_fresh("refused");
    world.move_to(refused, &world.a);
    world
        .settings()
        .scope(async {
            whereabouts(refused).await.unwrap();
            world.move_to(refused, &locked);
            until("it was tried several times", async || {
                assert_eq!(whereabouts(refused).await.unwrap(), "a");
                locked.connections_received() >= 4
            })
            .await;
        })
        .await;
    assert_eq!(lines(&["server cannot be used", refused.key()]).len(), 1);
    assert_eq!(lines(&["config in force", refused.key()]).len(), 1);
}

#[tokio::test]
async fn r1_a_server_that_does_not_push_is_told_of_once() {
    listen();
    let world = World::start();
    world
        .config
        .command(&["ACL", "SETUSER", "default", "-client|tracking"]);
    let polled = declare("polled", Duration::from_millis(10));
    world.move_to(polled, &world.a);
    world
        .settings()
        .reread_interval(Duration::from_millis(20))
        .scope(async {
            until("it was asked several times", async || {
                whereabouts(polled).await.unwrap();
                world.config.connections_received() >= 5
            })
            .await;
        })
        .await;
    let server = format!("127.0.0.1:{}", world.config.port());
    assert_eq!(lines(&["does not push", &server]).len(), 1);
}

#[tokio::test]
async fn r5_a_config_server_that_is_lost_and_back_is_told_of_once_each() {
    listen();
    let world = World::start();
    let lost = always_fresh("lost");
    world.move_to(lost, &world.a);
    let server = format!("127.0.0.1:{}", world.config.port());
    world
        .settings()
        .scope(async {
            whereabouts(lost).await.unwrap();
            world.config.stop();
            is_told(&["config server is lost", &server]).await;
            for _ in 0..100 {
                assert_eq!(whereabouts(lost).await.unwrap(), "a");
            }
            world.config.restart();
            world.move_to(lost, &world.b);
            is_told(&["config server is back", &server]).await;
            arrives(lost, "b").await;
        })
        .await;
    assert_eq!(lines(&["config server is lost", &server]).len(), 1);
    assert_eq!(lines(&["config server is back", &server]).len(), 1);
    assert_eq!(lines(&["config in force", lost.key()]).len(), 2);
}

#[tokio::test]
async fn r10_a_server_that_hangs_up_after_the_probe_is_told_of_once_and_so_is_its_return() {
    listen();
    let world = World::start();
    let (impatient, port) = Impatient::start();
    let whose = port.to_string();
    let logs = always_fresh("logs");
    world.set(logs, &format!(r#"{{"host":"127.0.0.1","port":{port}}}"#));
    let calls = async || -> RedisResult<()> {
        let mut connection = logs.connection().await?;
        redis::cmd("GET")
            .arg("name")
            .query_async(&mut connection)
            .await
    };
    world
        .settings()
        .scope(async {
            until("it has hung up several times", async || {
                assert!(calls().await.is_err());
                impatient.accepted() >= 5
            })
            .await;
            impatient.mend();
            until("calls work", async || calls().await.is_ok()).await;
            is_told(&["server is back", &whose]).await;
            assert_eq!(status().components[0].problem, None);
        })
        .await;
    assert_eq!(lines(&["server cannot be used", &whose]).len(), 1);
    assert_eq!(lines(&["server is back", &whose]).len(), 1);
}

#[tokio::test]
async fn r15_a_candidate_whose_password_is_not_read_yet_is_not_told_as_unusable() {
    listen();
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "right"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "right").unwrap();
    let offered = declare("offered", Duration::from_secs(1));
    world.move_to(offered, &world.a);
    let offer = serde_json::json!({"prepare": {"offered": {"id": "m1", "config": {
        "host": "127.0.0.1", "port": locked.port(), "password": {"file": file}
    }}}});
    world
        .settings()
        .scope(async {
            whereabouts(offered).await.unwrap();
            let control = offer.to_string();
            world
                .config
                .command(&["SET", "config:redis:@fleet", &control]);
            until("the candidate is ready", async || {
                let candidate = status().components[0].candidate.clone();
                candidate.is_some_and(|candidate| candidate.is_ready)
            })
            .await;
            is_told(&["candidate can be used", &locked.port().to_string()]).await;
            let untrue = lines(&["candidate cannot be used", &locked.port().to_string()]);
            assert!(untrue.is_empty(), "{untrue:?}");
        })
        .await;
}

#[tokio::test]
async fn r5_slots_that_lose_their_owner_are_told_once_and_shown_until_they_have_one() {
    const UNSERVED: &str =
        "only 16383 of its 16384 hash slots have an owner; give each slot an owner";
    listen();
    let world = World::start();
    let cluster = Cluster::builder(3, 0).require_full_coverage(false).start();
    let logs = always_fresh("uncovered");
    world.set(logs, &cluster.config());
    // A command for the slot is sent again until then.
    let settings = world
        .settings()
        .response_timeout(Duration::from_millis(500));
    let slot = cluster.slot_of("name").to_string();
    let owner = cluster.primary_of("name");
    let call = async || name_of(&mut logs.connection().await.unwrap()).await;
    let problem = || status().components[0].problem.clone();
    settings
        .scope(async {
            until("the cluster is used", async || {
                call().await.is_ok() || {
                    cluster.node(owner).command(&["SET", "name", "a"]);
                    false
                }
            })
            .await;
            assert_eq!(problem(), None);
            for node in cluster.nodes() {
                node.command(&["CLUSTER", "DELSLOTS", &slot]);
            }
            until("it is shown", async || {
                let _ = call().await;
                problem().is_some_and(|problem| problem.contains(UNSERVED))
            })
            .await;
            is_told(&["slots of a cluster have no owner", logs.key(), UNSERVED]).await;
            cluster.node(owner).command(&["CLUSTER", "ADDSLOTS", &slot]);
            until("it is over", async || {
                let _ = call().await;
                problem().is_none()
            })
            .await;
            is_told(&["all slots of a cluster have an owner", logs.key()]).await;
        })
        .await;
    assert_eq!(lines(&["have no owner", logs.key()]).len(), 1);
}
