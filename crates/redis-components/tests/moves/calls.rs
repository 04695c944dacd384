//! Calls and kept connections while the component moves once.

use redis_components::{ComponentConfig, Scope, get_config, set_config, status};
use redis_components_testing::Server;

use crate::common::in_flight::{hold, release, waiting};
use crate::common::{HOUR, World, always_fresh, config_with, declare, name_of, until, whereabouts};

#[tokio::test]
async fn r4_a_call_in_flight_finishes_where_it_began() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let call = tokio::spawn(Scope::wrap(async move {
                let mut connection = logs.connection().await.unwrap();
                hold(&mut connection).await
            }));
            until("the call is on a", async || waiting(&world.a) == 1).await;
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            release(&world.a);
            assert_eq!(call.await.unwrap().unwrap(), 0);
        })
        .await;
}

#[tokio::test]
async fn r3_the_old_server_empties() {
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            for (new, old, name) in
                [(&world.a, &world.b, "a"), (&world.b, &world.a, "b")].repeat(20)
            {
                world.move_to(logs, new);
                assert_eq!(whereabouts(logs).await.unwrap(), name);
                until("nobody is left", async || old.connected_clients() == 0).await;
                until("one is there", async || new.connected_clients() == 1).await;
            }
        })
        .await;
}

#[tokio::test]
async fn r9_a_connection_that_is_kept_goes_on_and_says_that_it_is_old() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            assert!(kept.is_current());
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert!(!kept.is_current());
            assert_eq!(name_of(&mut kept).await.unwrap(), "a");
            assert_eq!(status().components[0].old_connections, 1);
            drop(kept);
            assert_eq!(status().components[0].old_connections, 0);
            until("a is empty", async || world.a.connected_clients() == 0).await;
        })
        .await;
}

#[tokio::test]
async fn r4_a_connection_that_outlives_its_config_still_ends_where_it_began() {
    // A kept connection must neither follow the component nor be cut when its server is frozen and
    // thawed.
    let world = World::start();
    let logs = always_fresh("logs");
    world.set(logs, &config_with(world.a.port(), r#""socket_timeout":1"#));
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            world.a.freeze();
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert!(name_of(&mut kept).await.unwrap_err().is_timeout());
            world.a.thaw();
            assert_eq!(name_of(&mut kept).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test]
async fn r1_a_config_is_written_validated_and_in_force_at_once() {
    let world = World::start();
    // An hour: it is not the `wait` that makes the change visible.
    let logs = declare("logs", HOUR);
    world
        .settings()
        .scope(async {
            let on = |server: &Server| ComponentConfig::new("127.0.0.1").port(server.port());
            set_config(logs, &on(&world.a)).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            set_config(logs, &on(&world.b)).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert_eq!(get_config(logs).await.unwrap(), on(&world.b));

            let error = set_config(logs, &on(&world.a).port(0)).await.unwrap_err();
            assert!(error.to_string().contains("`port` must be"), "{error}");
            assert_eq!(get_config(logs).await.unwrap(), on(&world.b));
        })
        .await;
}
