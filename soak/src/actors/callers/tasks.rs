//! Asynchronous callers that live long, and some that give up.

use std::sync::Arc;

use super::crew::{Crew, pause};
use crate::actors::caller::Caller;
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::record::class::Class;
use crate::soak::Soak;
use crate::which::Which;

/// Tasks for each component and fleet.
const TASKS: usize = 3;
/// The longest pause between two calls, in milliseconds.
const LONGEST_PAUSE: u64 = 10;
/// The longest time until a call is given up, in milliseconds: often before an answer is possible.
const LONGEST_PATIENCE: u64 = 3;

pub(super) fn start(soak: &Arc<Soak>, fleets: &Fleets, crew: &mut Crew) {
    for which in Which::ALL {
        for fleet in Fleet::BOTH {
            for number in 0..TASKS {
                let name = format!("task:{number}");
                let caller = Caller::new(soak, Class::Task, which, fleet, &name);
                crew.spawn_in(fleets, fleet, call(caller));
            }
            let caller = Caller::new(soak, Class::Cancelled, which, fleet, "cancel");
            crew.spawn_in(fleets, fleet, call_impatiently(caller));
        }
    }
}

async fn call(caller: Caller) {
    while let Some(_turn) = caller.soak.gate.pass().await {
        caller.count().await;
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}

async fn call_impatiently(caller: Caller) {
    while let Some(_turn) = caller.soak.gate.pass().await {
        caller.count_within(pause(LONGEST_PATIENCE)).await;
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}
