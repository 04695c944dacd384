//! Who makes faults, one at a time on the data servers and one at a time on the config server.

mod config;
mod data;
mod fault;
mod network;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fastrand::Rng;

use crate::soak::Soak;

/// The pause between two faults of data servers, in milliseconds.
const PAUSE: std::ops::RangeInclusive<u64> = 500..=4000;
/// The same of the config server: often long enough for a change to take effect undisturbed.
const CONFIG_PAUSE: std::ops::RangeInclusive<u64> = 1000..=16_000;
/// Begins to make faults, until the gate is shut for good. Who rests has made good whatever was broken.
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
