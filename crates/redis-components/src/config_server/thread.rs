//! A thread that serves one `Settings`: it runs no code of others.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::signal::mark_watch_thread;
use crate::background::{BackgroundTasks, start_all};
use crate::os_thread;
use crate::telemetry::report::{hand_over, make_all, take_back};

/// How long the thread that makes reports lives without a report, and how long the end waits for
/// the last report.
const REPORTER_LIVES: Duration = Duration::from_secs(1);

/// Runs `work` on a new thread with a runtime of its own, and the tasks beside it until it is over.
pub(super) fn start(
    tasks: BackgroundTasks,
    work: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let runtime = OwnRuntime::new()?;
    os_thread::start("redis-components-watch", move || {
        mark_watch_thread();
        runtime.run(async {
            let reports = tokio::spawn(make_all(hand_over()));
            tokio::spawn(start_all(tasks));
            work.await;
            take_back();
            // An error says that a subscriber blocks.
            drop(timeout(REPORTER_LIVES, reports).await);
        });
    })
}

/// The runtime of such a thread. It waits for nothing when it is dropped: if the thread does not
/// start, a task of the application drops it, and a task must not wait.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("redis-components-report")
            .thread_keep_alive(REPORTER_LIVES)
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn run(&self, work: impl Future<Output = ()>) {
        if let Some(runtime) = &self.0 {
            runtime.block_on(work);
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
