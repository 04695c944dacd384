//! Whether a runtime still runs.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::fork::Process;

/// Tells whether a runtime still runs.
pub(super) struct Lifetime {
    process: Process,
    has_ended: Arc<AtomicBool>,
    waiting: AbortHandle,
}

/// Sets a flag when it is dropped.
struct SetOnDrop(Arc<AtomicBool>);

impl Lifetime {
    pub(super) fn of(runtime: &Handle) -> Self {
        let has_ended = Arc::new(AtomicBool::new(false));
        let end = SetOnDrop(Arc::clone(&has_ended));
        let waiting = runtime.spawn(async move {
            let _end = end;
            pending::<()>().await;
        });
        Self {
            process: Process::current(),
            has_ended,
            waiting: waiting.abort_handle(),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }
}

impl Drop for Lifetime {
    fn drop(&mut self) {
        // A child does not have the threads of the runtime.
        if self.process.is_current() {
            self.waiting.abort();
        }
    }
}

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
