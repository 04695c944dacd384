//! Work on a thread of its own, because nothing else bounds its time: name resolution by the
//! system, and files, may take any time. A thread that is given up goes on until the system answers.
//! Threads that would use a file at which another thread hangs end by themselves (see `file_gate`).

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::failure::Failure;
use crate::os_thread;

/// Waits for `work` with the calling thread. If it takes longer than `bound`, the failure is `late`.
pub(super) fn on_thread<T: Send + 'static>(
    bound: Duration,
    late: Failure,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = sync_channel(1);
    spawn(move || {
        // An error says that it took too long.
        let _ = sender.send(work());
    })?;
    match receiver.recv_timeout(bound) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout) => Err(late),
        Err(RecvTimeoutError::Disconnected) => Err(panicked()),
    }
}

/// Waits for `work` with a task. If it takes longer than `bound`, the failure is `late`.
pub(super) async fn beside_tasks<T: Send + 'static>(
    bound: Duration,
    late: Failure,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = oneshot::channel();
    spawn(move || {
        // An error says that it took too long.
        let _ = sender.send(work());
    })?;
    match timeout(bound, receiver).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(panicked()),
        Err(_) => Err(late),
    }
}

/// Begins `work` on a thread of its own.
pub(super) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let spawned = os_thread::start("redis-components-open", work);
    spawned.map_err(|error| {
        Failure::unreachable(format!(
            "a thread cannot be started: {error}; check the limits of this process"
        ))
    })
}

fn panicked() -> Failure {
    Failure::unreachable("the work panicked; this is a bug of redis-components")
}
