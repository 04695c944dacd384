//! Scopes that come and go, each with its own config watch and clients.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::crew::{Crew, pause};
use crate::actors::caller::Caller;
use crate::fleet::Fleet;
use crate::record::class::Class;
use crate::soak::Soak;
use crate::which::{COMPONENTS, Which};

const CALLS: usize = 3;
const LONGEST_PAUSE: u64 = 1000;
/// How long a shutdown waits for calls. No call is in flight.
const DEADLINE: Duration = Duration::from_millis(100);

/// A caller for each component, pushed and polled.
type Everybody = [[Caller; COMPONENTS]; 2];

pub(super) fn start(soak: &Arc<Soak>, crew: &mut Crew) {
    let tasks = make_scopes(Arc::clone(soak), everybody(soak, "scope"));
    crew.spawn(tasks);
    let (soak, everybody) = (Arc::clone(soak), everybody(soak, "blocking-scope"));
    let work = move || make_blocking_scopes(&soak, &everybody);
    crew.spawn_thread(work);
}

fn everybody(soak: &Arc<Soak>, name: &str) -> Everybody {
    let caller = |which, fleet| Caller::new(soak, Class::Scope, which, fleet, name);
    Fleet::BOTH.map(|fleet| Which::ALL.map(|which| caller(which, fleet)))
}

async fn make_scopes(soak: Arc<Soak>, everybody: Everybody) {
    while let Some(_turn) = soak.gate.pass().await {
        let fleet = any_fleet();
        let work = async {
            for caller in &everybody[fleet as usize] {
                for _ in 0..CALLS {
                    caller.count().await;
                }
            }
            if fastrand::bool() {
                shut_down(&soak, redis_components::shutdown(DEADLINE).await);
            }
        };
        soak.settings(fleet).scope(work).await;
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}

fn make_blocking_scopes(soak: &Soak, everybody: &Everybody) {
    while let Some(_turn) = soak.gate.pass_blocking() {
        let fleet = any_fleet();
        soak.settings(fleet).scope_blocking(|| {
            for caller in &everybody[fleet as usize] {
                for _ in 0..CALLS {
                    caller.count_blocking();
                }
            }
            if fastrand::bool() {
                shut_down(soak, redis_components::blocking::shutdown(DEADLINE));
            }
        });
        thread::sleep(pause(LONGEST_PAUSE));
    }
}

fn any_fleet() -> Fleet {
    if fastrand::bool() {
        Fleet::Push
    } else {
        Fleet::Poll
    }
}

/// A shutdown must not find a connection in use, because no call is in flight.
fn shut_down(soak: &Soak, outcome: Result<usize, redis_components::Error>) {
    match outcome {
        Ok(0) => {}
        Ok(left) => soak.violation(&format!("{left} connections were in use after a shutdown")),
        Err(error) => soak.violation(&format!("a scope cannot be shut down: {error}")),
    }
}
