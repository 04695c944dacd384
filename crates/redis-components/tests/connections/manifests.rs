//! Several manifests that name the same component: they share its client.

use redis_components::status;

use crate::common::clients::clients;
use crate::common::{
    HOUR, World, always_fresh, arrives, declare, declare_with_connections, name_of,
};
use crate::several::used;

#[tokio::test]
async fn r6_manifests_that_name_the_same_component_share_its_client() {
    let world = World::start();
    // As the generated code of two crates in one binary has it, each with a `wait` of its own.
    let mine = always_fresh("shared");
    let theirs = declare("shared", HOUR);
    world.move_to(mine, &world.a);
    world
        .settings()
        .scope(async {
            let mut one = mine.connection().await.unwrap();
            let connected = clients(&world.a, "name=");
            let mut other = theirs.connection().await.unwrap();
            assert_eq!(name_of(&mut one).await.unwrap(), "a");
            assert_eq!(name_of(&mut other).await.unwrap(), "a");
            assert_eq!(clients(&world.a, "name="), connected);
            assert_eq!(status().components.len(), 1);

            // What one of them finds out holds for the other, whatever its `wait`.
            world.move_to(mine, &world.b);
            let mut one = mine.connection().await.unwrap();
            assert_eq!(name_of(&mut one).await.unwrap(), "b");
            let mut other = theirs.connection().await.unwrap();
            assert_eq!(name_of(&mut other).await.unwrap(), "b");
        })
        .await;
}

#[tokio::test]
async fn r6_a_component_that_two_manifests_declare_has_the_larger_number() {
    let world = World::start();
    let (one, two) = (
        declare("logs", HOUR),
        declare_with_connections("logs", HOUR, 2),
    );
    world.move_to(one, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(used(one, &world.a).await.len(), 1);
            // The client that is there serves both, until the component moves.
            assert_eq!(used(two, &world.a).await.len(), 1);
            world.move_to(one, &world.b);
            arrives(one, "b").await;
            assert_eq!(used(one, &world.b).await.len(), 2);
            assert_eq!(world.b.connections_received(), 2);
        })
        .await;
}
