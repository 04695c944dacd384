//! Asynchronous callers of a runtime that is blocked now and then, so that their calls stand still.

use std::io;
use std::sync::Arc;

use tokio::runtime::Builder;

use super::crew::{Crew, pause};
use crate::actors::caller::Caller;
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::record::class::Class;
use crate::soak::Soak;
use crate::which::Which;

/// How many calls stand still at once: more than share a wake-up of the connection.
const TASKS: usize = 40;
const LONGEST_PAUSE: u64 = 100;
/// A component whose proof lasts, and one that asks for each call.
const COMPONENTS: [Which; 2] = [Which::Patient, Which::Strict];

pub(super) fn start(soak: &Arc<Soak>, fleets: &Fleets, crew: &mut Crew) {
    let callers: Vec<_> = (0..TASKS)
        .map(|number| {
            let which = COMPONENTS[number % COMPONENTS.len()];
            let fleet = Fleet::BOTH[number / 2 % 2];
            let name = format!("frozen:{number}");
            Caller::new(soak, Class::Frozen, which, fleet, &name)
        })
        .collect();
    let (soak, fleets) = (Arc::clone(soak), fleets.clone());
    crew.spawn_thread(move || {
        if let Err(error) = run(&soak, &fleets, callers) {
            soak.violation(&format!("a runtime that freezes has ended: {error}"));
        }
    });
}

fn run(soak: &Arc<Soak>, fleets: &Fleets, callers: Vec<Caller>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let freezing = Arc::clone(soak);
        tokio::spawn(async move { freezing.freezer.serve().await });
        let tasks: Vec<_> = callers
            .into_iter()
            .map(|caller| {
                let fleets = fleets.clone();
                tokio::spawn(async move { fleets.run(caller.fleet, call(&caller)).await })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        Ok(())
    })
}

async fn call(caller: &Caller) {
    while let Some(_turn) = caller.soak.gate.pass().await {
        caller.count().await;
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}
