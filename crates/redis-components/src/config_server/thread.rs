//! A thread that serves one `Settings`: it runs no code of others.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::signal::mark_watch_thread;
use crate::background::{BackgroundTasks, start_all};
use crate::os_thread;
use crate::telemetry::report::Reporter;

/// How long a thread for files lives without work.
const IDLE: Duration = Duration::from_secs(1);

/// Runs `work` on a new thread with a runtime of its own, and the tasks beside it until it is over.
pub(super) fn start(
    tasks: BackgroundTasks,
    work: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let runtime = OwnRuntime::new()?;
    os_thread::start("redis-components-watch", move || {
        mark_watch_thread();
        runtime.run(async {
            let reporter = Reporter::hand_over();
            tokio::spawn(start_all(tasks));
            work.await;
            reporter.take_back().await;
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
            .thread_name("redis-components-file")
            .thread_keep_alive(IDLE)
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
