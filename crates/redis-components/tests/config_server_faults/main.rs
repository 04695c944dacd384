//! R1, R2, R5 and R10 while the config server is killed, frozen, cut off, emptied or wrong.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod bad_configs;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod evictions;
mod full_disk;
mod heartbeats;
mod network;
mod no_pushes;
mod outages;
mod restarts;
mod unusable;
mod writes;

use std::time::{Duration, Instant};

use redis_components::{Component, Settings, status};

use common::moves::{LATE, Moves, Notice};
use common::traffic::{Call, STEADY, Traffic, failures, figure};
use common::{World, declare, until, whereabouts, whereabouts_blocking};

/// Ten times what it takes to find out that a config server is silent: a heartbeat, and the
/// time that it has to answer.
const FOUND_OUT: Duration = Duration::from_secs(6);
/// A change that is pushed or polled, and the building and probing of the new client, which takes
/// milliseconds. Everything is read again only after thirty seconds.
const IN_FORCE: Duration = Duration::from_millis(100).saturating_add(LATE);
/// Ten times the longest pause between attempts: until then a config server that is back is found.
const BACK: Duration = Duration::from_secs(5);

fn is_lost() -> bool {
    status().components[0].problem.is_some()
}

/// How long it takes until the condition holds, which must not be longer than `bound`.
async fn within(bound: Duration, what: &str, condition: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    until(what, condition).await;
    let took = begun.elapsed();
    assert!(took <= bound, "{what}: after {took:?}");
    figure(what, [took]);
    took
}

/// Makes trouble under traffic, in both modes: no call fails, and none is late once the trouble is
/// over.
async fn undisturbed(
    settings: impl Fn(&World) -> Settings,
    trouble: impl AsyncFn(&World, &mut Moves<'_>, Notice, &Traffic),
) {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(settings(&world))
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                trouble(&world, &mut moves, notice, &traffic).await;
                let calls = traffic.stop().await;
                assert_eq!(failures(&calls), [""; 0], "{notice:?}");
                figure(
                    &format!("{notice:?}: calls during the trouble"),
                    calls.iter().map(Call::took),
                );
            })
            .await;
    }
}

async fn is_on(name: &str, component: &Component) -> bool {
    whereabouts(component).await.unwrap() == name
        && whereabouts_blocking(component).unwrap() == name
}
