//! A config server that is down or frozen.

use std::time::{Duration, Instant};

use redis_components::{ConfigSource, status};

use crate::common::moves::{LATE, Notice};
use crate::common::traffic::Traffic;
use crate::common::{
    HOUR, SOON, World, always_fresh, arrives, declare, source, until, whereabouts,
};
use crate::{BACK, FOUND_OUT, is_lost, is_on, undisturbed, within};

/// The end of a connection is noticed at once, or within a tenth of a second if it is polled.
const NOTICED: Duration = LATE;
/// How long the config server is away.
const OUTAGE: Duration = Duration::from_secs(10);

/// Waits for the end of an outage, while calls go on and `status()` tells of it.
async fn lasts(outage: Instant, traffic: &Traffic) {
    while outage.elapsed() < OUTAGE {
        traffic.goes_on(100).await;
        assert!(is_lost(), "after {:?}", outage.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_config_server_killed_for_10_seconds_fails_no_call_and_its_new_config_is_followed() {
    undisturbed(World::settings, async |world, moves, notice, traffic| {
        world.config.stop();
        let outage = Instant::now();
        within(NOTICED, &format!("{notice:?}: kill noticed"), async || {
            is_lost()
        })
        .await;
        lasts(outage, traffic).await;
        world.config.restart();
        // Nobody is connected: no push tells of it.
        moves.on();
        let component = declare("logs", Notice::Poll.wait());
        within(
            BACK,
            &format!("{notice:?}: config of a restarted server"),
            async || is_on("b", component).await,
        )
        .await;
        assert!(!is_lost());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_config_server_frozen_for_10_seconds_fails_no_call_and_is_followed_when_it_thaws() {
    undisturbed(World::settings, async |world, moves, notice, traffic| {
        let mut writer = world.config.connection();
        world.config.freeze();
        let outage = Instant::now();
        within(
            FOUND_OUT,
            &format!("{notice:?}: freeze noticed"),
            async || is_lost(),
        )
        .await;
        // Written while it is frozen, done when it thaws.
        writer
            .send_packed_command(
                &redis::cmd("SET")
                    .arg("config:redis:logs")
                    .arg(world.b.config())
                    .get_packed_command(),
            )
            .unwrap();
        lasts(outage, traffic).await;
        world.config.thaw();
        let component = declare("logs", Notice::Poll.wait());
        within(
            BACK,
            &format!("{notice:?}: config of a thawed server"),
            async || is_on("b", component).await,
        )
        .await;
        moves.to("a");
        until("it is followed on", async || is_on("a", component).await).await;
    })
    .await;
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
            arrives(logs, "b").await;
            assert_eq!(status().components[0].problem, None);
        })
        .await;
}

#[tokio::test]
async fn r2_a_frozen_config_server_is_noticed_by_its_silence() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.freeze();
            until("the silence is noticed", async || {
                status().components[0].problem.is_some()
            })
            .await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.thaw();
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            until("pushes are back", async || source() == ConfigSource::Push).await;
        })
        .await;
}
