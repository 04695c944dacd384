//! Everybody who calls.

mod poppers;
mod runtimes;
mod scopes;
mod subscribers;
mod tasks;
mod threads;

use std::sync::Arc;
use std::thread;

use tokio::task::JoinHandle;

use crate::soak::Soak;

/// All callers, until the gate is shut for good.
pub(crate) struct Callers {
    tasks: Vec<JoinHandle<()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Callers {
    /// Starts them on the current runtime and on threads.
    pub(crate) fn start(soak: &Arc<Soak>, fleets: &crate::fleets::Fleets) -> Self {
        let mut callers = Self {
            tasks: Vec::new(),
            threads: Vec::new(),
        };
        tasks::start(soak, fleets, &mut callers);
        threads::start(soak, fleets, &mut callers);
        poppers::start(soak, fleets, &mut callers);
        subscribers::start(soak, fleets, &mut callers);
        runtimes::start(soak, &mut callers);
        scopes::start(soak, &mut callers);
        callers
    }

    /// Waits for their end; a caller that has panicked is a violation.
    pub(crate) async fn join(self, soak: &Soak) {
        for task in self.tasks {
            if let Err(error) = task.await {
                soak.violation(&format!("a task of callers has ended: {error}"));
            }
        }
        for thread in self.threads {
            if thread.join().is_err() {
                soak.violation("a thread of callers has panicked");
            }
        }
    }
}

/// A pause by chance, up to so many milliseconds, so that callers do not march in step.
fn pause(milliseconds: u64) -> std::time::Duration {
    std::time::Duration::from_micros(fastrand::u64(0..=milliseconds * 1000))
}
