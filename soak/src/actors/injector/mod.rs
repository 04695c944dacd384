//! Injectors of faults: one breaks data servers, one the config server, each one fault at a time.

mod config;
mod data;
mod fault;
mod groups;
mod network;
mod refusals;
mod tracking;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fastrand::Rng;

use crate::soak::Soak;

/// The pause between two faults of data servers, in milliseconds.
const PAUSE: std::ops::RangeInclusive<u64> = 500..=4000;
/// The pause between two faults of the config server, in milliseconds: often long enough for a
/// change to take effect undisturbed.
const CONFIG_PAUSE: std::ops::RangeInclusive<u64> = 1000..=16_000;
/// Starts the injectors, which break something until the gate stops. At rest everything is
/// repaired.
pub(crate) fn start(soak: &Arc<Soak>, mut rng: Rng) -> [JoinHandle<()>; 2] {
    let second = rng.fork();
    [
        every_now_and_then(soak, rng, PAUSE, data::break_something),
        every_now_and_then(soak, second, CONFIG_PAUSE, config::break_something),
    ]
}

fn every_now_and_then(
    soak: &Arc<Soak>,
    mut rng: Rng,
    pause: std::ops::RangeInclusive<u64>,
    break_something: fn(&Soak, &mut Rng),
) -> JoinHandle<()> {
    let soak = Arc::clone(soak);
    thread::spawn(move || {
        while let Some(_turn) = soak.gate.pass_blocking() {
            soak.gate
                .pause(Duration::from_millis(rng.u64(pause.clone())));
            break_something(&soak, &mut rng);
        }
    })
}
