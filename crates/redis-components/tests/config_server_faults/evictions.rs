//! A config server whose tracking table is too small, or whose keys are written all the time.

use std::time::Duration;

use redis_components::Component;

use crate::common::{HOUR, World, arrives, declare, until, whereabouts};

/// How many components nobody calls but once.
const COMPONENTS: usize = 4;

/// Unasked readings that there may be in a second, each of all keys.
const READINGS: u64 = 20;

fn components() -> [&'static Component; COMPONENTS] {
    ["one", "two", "three", "four"].map(|name| declare(name, HOUR))
}

/// A push that says nothing new must not be answered by the push of the next eviction.
#[tokio::test]
async fn r6_a_tracking_table_that_is_too_small_costs_few_reads_and_hides_no_move() {
    const OBSERVED: Duration = Duration::from_secs(3);
    let world = World::start();
    let components = components();
    world
        .config
        .command(&["CONFIG", "SET", "tracking-table-max-keys", "2"]);
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            for component in components {
                world.move_to(component, &world.a);
                assert_eq!(whereabouts(component).await.unwrap(), "a");
            }
            let before = world.reads();
            tokio::time::sleep(OBSERVED).await;
            let reads = world.reads() - before;
            let most = READINGS * (OBSERVED.as_secs() + 1) * COMPONENTS as u64;
            assert!(reads <= most, "{reads} reads where {most} are enough");
            for component in components {
                world.move_to(component, &world.b);
                arrives(component, "b").await;
            }
        })
        .await;
}

#[tokio::test]
async fn r6_a_push_makes_old_only_what_it_names() {
    const WRITES: u64 = 40;
    let world = World::start();
    let components = components();
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            for component in components {
                world.move_to(component, &world.a);
                assert_eq!(whereabouts(component).await.unwrap(), "a");
            }
            let before = world.reads();
            for _ in 0..WRITES {
                let reads = world.reads();
                world.move_to(components[0], &world.a);
                until("it is read", async || world.reads() > reads).await;
            }
            let reads = world.reads() - before;
            let most = 2 * WRITES + world.reads_again(1);
            assert!(
                reads <= most,
                "{reads} reads for {WRITES} writes of one key"
            );
        })
        .await;
}
