//! How long faults last, how servers are told of them, and how they come back.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis_components_testing::Server;

use crate::admin::ask;
use crate::soak::Soak;
use crate::world::name_control;

/// How long most faults last, in milliseconds.
pub(super) const LENGTH: RangeInclusive<u64> = 100..=4000;
/// How long a server is frozen, in milliseconds.
pub(super) const FREEZE: RangeInclusive<u64> = 100..=10_000;
/// How long a server may take to restart: another process's connection may hold its port for a
/// while.
const RESTARTED_WITHIN: Duration = Duration::from_secs(60);

/// Lets a fault last for a random time, or until the gate closes.
pub(super) fn last(soak: &Soak, rng: &mut Rng, length: RangeInclusive<u64>) {
    soak.gate.pause(Duration::from_millis(rng.u64(length)));
}

pub(super) fn restart(soak: &Soak, server: &Server) {
    let deadline = Instant::now() + RESTARTED_WITHIN;
    while let Err(error) = server.try_restart() {
        if Instant::now() > deadline {
            return soak.violation(&format!("a server cannot be started again: {error}"));
        }
    }
    name_control(server);
}

pub(super) fn tell(soak: &Soak, server: &Server, words: &[&str]) {
    let told = ask::<redis::Value>(&server.client(), words);
    if let Err(error) = told {
        soak.violation(&format!(
            "a healthy server did not execute {words:?}: {error}"
        ));
    }
}
