//! R1, R2 and R5 while the config server is killed, frozen, cut off or emptied, and calls go on.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod heartbeats;
mod network;
mod outages;
mod restarts;
mod writes;

use std::time::{Duration, Instant};

use common::moves::{Moves, Notice};
use common::traffic::{STEADY, Traffic, failures, figure};
use common::{World, declare, until, whereabouts, whereabouts_blocking};
use redis_components::{Component, Settings, status};

/// Heartbeat, response time-out, and what a busy machine adds: until then a silent config server is found out.
const FOUND_OUT: Duration = Duration::from_millis(2500);
/// A change that is pushed or polled, and the building and probing of the new client, which may take the connect time-out.
const IN_FORCE: Duration = Duration::from_millis(1350);
/// The longest pause between attempts, and what a busy machine adds: until then one that is back is found.
const BACK: Duration = Duration::from_millis(1500);

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

/// Makes trouble under traffic, in both modes: no call fails, and none is late once the trouble is over.
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
                    calls.iter().map(common::traffic::Call::took),
                );
            })
            .await;
    }
}

async fn is_on(name: &str, component: &Component) -> bool {
    whereabouts(component).await.unwrap() == name
        && whereabouts_blocking(component).unwrap() == name
}
