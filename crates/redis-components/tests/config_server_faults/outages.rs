//! A config server that is away for long.

use std::time::{Duration, Instant};

use crate::common::moves::Notice;
use crate::common::traffic::Traffic;
use crate::common::{World, declare, until};
use crate::{FOUND_OUT, is_lost, is_on, undisturbed, within};

/// A connection that ends is noticed at once, and within `wait` where nobody waits on it; and what a busy machine adds.
const NOTICED: Duration = Duration::from_secs(1);
/// How long the config server is away.
const OUTAGE: Duration = Duration::from_secs(10);
/// After an outage of any length: the longest pause between attempts, half a second, and what a busy machine adds.
const BACK_AFTER_AN_OUTAGE: Duration = Duration::from_secs(1);

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
            BACK_AFTER_AN_OUTAGE,
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
            BACK_AFTER_AN_OUTAGE,
            &format!("{notice:?}: config of a thawed server"),
            async || is_on("b", component).await,
        )
        .await;
        moves.to("a");
        until("it is followed on", async || is_on("a", component).await).await;
    })
    .await;
}
