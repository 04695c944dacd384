//! The tasks and threads of all callers.

use std::future::Future;
use std::thread;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::soak::Soak;

/// All callers, which end when the gate is stopped.
#[derive(Debug, Default)]
pub(crate) struct Crew {
    tasks: Vec<JoinHandle<()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Crew {
    /// Starts a task on the current runtime.
    pub(super) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(work));
    }

    /// Starts a task whose calls use the clients of a fleet.
    pub(super) fn spawn_in(
        &mut self,
        fleets: &Fleets,
        fleet: Fleet,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let fleets = fleets.clone();
        self.spawn(async move { fleets.run(fleet, work).await });
    }

    /// Starts a thread.
    pub(super) fn spawn_thread(&mut self, work: impl FnOnce() + Send + 'static) {
        self.threads.push(thread::spawn(work));
    }

    /// Waits until all have ended. A caller that has panicked is a violation.
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

/// Returns a random pause of at most `milliseconds`, so that callers do not march in step.
pub(super) fn pause(milliseconds: u64) -> Duration {
    Duration::from_micros(fastrand::u64(0..=milliseconds * 1000))
}
