//! Blocking callers that live long.

use std::sync::Arc;
use std::thread;

use super::crew::{Crew, pause};
use crate::actors::caller::Caller;
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::record::class::Class;
use crate::soak::Soak;
use crate::which::Which;

/// Threads for each component and fleet.
const THREADS: usize = 2;
const LONGEST_PAUSE: u64 = 10;

pub(super) fn start(soak: &Arc<Soak>, fleets: &Fleets, crew: &mut Crew) {
    for which in Which::ALL {
        for fleet in Fleet::BOTH {
            for number in 0..THREADS {
                let name = format!("thread:{number}");
                let caller = Caller::new(soak, Class::Thread, which, fleet, &name);
                let fleets = fleets.clone();
                let work = move || fleets.run_blocking(fleet, || call(&caller));
                crew.spawn_thread(work);
            }
        }
    }
}

fn call(caller: &Caller) {
    while let Some(_turn) = caller.soak.gate.pass_blocking() {
        caller.count_blocking();
        thread::sleep(pause(LONGEST_PAUSE));
    }
}
