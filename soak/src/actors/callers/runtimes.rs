//! Runtimes that come and go, as in tests. Some end while calls are in flight.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::crew::{Crew, pause};
use crate::actors::caller::Caller;
use crate::fleet::Fleet;
use crate::record::class::Class;
use crate::soak::Soak;
use crate::which::Which;

/// How many threads create runtimes, one after the other.
const THREADS: usize = 2;
/// How many calls a runtime makes before its end.
const CALLS: usize = 5;
const LONGEST_PAUSE: u64 = 200;

pub(super) fn start(soak: &Arc<Soak>, crew: &mut Crew) {
    for number in 0..THREADS {
        let name = format!("runtime:{number}");
        let everybody =
            Which::ALL.map(|which| Caller::new(soak, Class::Runtime, which, Fleet::Push, &name));
        let soak = Arc::clone(soak);
        let work = move || {
            while let Some(_turn) = soak.gate.pass_blocking() {
                match runtime() {
                    Ok(runtime) => live_shortly(&runtime, fastrand::choice(&everybody)),
                    Err(error) => soak.violation(&format!("a runtime cannot be made: {error}")),
                }
                thread::sleep(pause(LONGEST_PAUSE));
            }
        };
        crew.spawn_thread(work);
    }
}

fn runtime() -> io::Result<Runtime> {
    let mut builder = if fastrand::bool() {
        Builder::new_current_thread()
    } else {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1);
        builder
    };
    builder.enable_all().build()
}

/// Makes some calls and leaves one in flight when the runtime is dropped.
fn live_shortly(runtime: &Runtime, caller: Option<&Caller>) {
    let Some(caller) = caller else { return };
    runtime.block_on(async {
        for _ in 0..CALLS {
            caller.count().await;
        }
        if fastrand::bool() {
            let (which, key) = (caller.which, caller.key.clone());
            caller.abandoned();
            tokio::spawn(async move { drop(which.count(&key, "abandoned").await) });
            tokio::time::sleep(Duration::from_micros(fastrand::u64(0..1000))).await;
        }
    });
}
