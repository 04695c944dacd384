//! A component that is switched off by its config.

use redis_components::{ComponentConfig, ErrorKind, set_config, status};

use crate::common::{World, always_fresh, until, whereabouts};

#[tokio::test]
async fn r3_a_component_that_is_switched_off_leaves_its_server() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let kept = logs.connection().await.unwrap();
            for value in [
                r#"{"disabled": true}"#,
                r#"{"host": "127.0.0.1", "disabled": true}"#,
            ] {
                world.set(logs, value);
                for _ in 0..3 {
                    let error = logs.connection().await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Disabled);
                    assert_eq!(
                        logs.blocking_connection().unwrap_err().kind(),
                        ErrorKind::Disabled
                    );
                }
            }
            assert!(!kept.is_current());
            let status = status();
            assert!(status.components[0].current.is_none());
            assert!(
                status.components[0]
                    .problem
                    .as_ref()
                    .unwrap()
                    .contains("switched off")
            );
            drop(kept);
            until("a is empty", async || world.a.connected_clients() == 0).await;

            world.move_to(logs, &world.a);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let generation = logs.connection().await.unwrap().generation();
            assert!(generation > 1, "{generation}");

            set_config(logs, &ComponentConfig::disabled())
                .await
                .unwrap();
            assert_eq!(
                logs.connection().await.unwrap_err().kind(),
                ErrorKind::Disabled
            );
        })
        .await;
}
