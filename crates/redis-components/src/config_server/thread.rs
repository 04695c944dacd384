//! A thread that serves one `Settings`: it runs no code of others.

use std::io;
use std::time::Duration;

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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("redis-components-report")
        .thread_keep_alive(REPORTER_LIVES)
        .build()?;
    os_thread::start("redis-components-watch", move || {
        mark_watch_thread();
        let reports = runtime.spawn(make_all(hand_over()));
        runtime.spawn(start_all(tasks));
        runtime.block_on(work);
        take_back();
        // An error says that a subscriber blocks.
        let last_reports = async { timeout(REPORTER_LIVES, reports).await };
        drop(runtime.block_on(last_reports));
        runtime.shutdown_background();
    })
}
