//! Scopes that come and go, each with a config watch and clients of its own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{Callers, pause};
use crate::caller::Caller;
use crate::soak::{Fleet, Soak};
use crate::tally::Class;
use crate::which::Which;

const CALLS: usize = 3;
const LONGEST_PAUSE: u64 = 1000;
/// How long a shutdown waits for calls, of which there are none.
const DEADLINE: Duration = Duration::from_millis(100);

pub(super) fn start(soak: &Arc<Soak>, callers: &mut Callers) {
    let everybody = Which::ALL.map(|which| Caller::new(soak, Class::Scope, which, "scope"));
    callers.tasks.push(tokio::spawn(make_scopes(everybody)));
    let everybody =
        Which::ALL.map(|which| Caller::new(soak, Class::Scope, which, "blocking-scope"));
    let work = move || make_blocking_scopes(&everybody);
    callers.threads.push(thread::spawn(work));
}

async fn make_scopes(everybody: [Caller; 4]) {
    let soak = Arc::clone(&everybody[0].soak);
    while let Some(_turn) = soak.gate.pass().await {
        let work = async {
            for caller in &everybody {
                for _ in 0..CALLS {
                    caller.count().await;
                }
            }
            if fastrand::bool() {
                shut_down(&soak, redis_components::shutdown(DEADLINE).await);
            }
        };
        soak.settings(any_fleet()).scope(work).await;
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}

fn make_blocking_scopes(everybody: &[Caller; 4]) {
    let soak = &everybody[0].soak;
    while let Some(_turn) = soak.gate.pass_blocking() {
        soak.settings(any_fleet()).scope_blocking(|| {
            for caller in everybody {
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

/// No connection can be in use where no call is.
fn shut_down(soak: &Soak, outcome: Result<usize, redis_components::Error>) {
    match outcome {
        Ok(0) => {}
        Ok(left) => soak.violation(&format!("{left} connections were in use after a shutdown")),
        Err(error) => soak.violation(&format!("a scope cannot be shut down: {error}")),
    }
}
