//! The task that moves a connection's bytes, and how it is ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::AbortHandle;

use crate::fork::Process;

/// The task that moves a connection's bytes. The connection is closed when this is dropped: while
/// its driver runs, a `BLPOP` without a caller would take one more element.
#[derive(Debug)]
pub(crate) struct Driven(Closer);

/// Closes a connection. All handles to the connection share it.
#[derive(Clone, Debug)]
pub(super) struct Closer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    driver: AbortHandle,
    is_closed: AtomicBool,
    process: Process,
}

/// Closes a connection if the command that waits on it is given up: it would take an element that
/// nobody awaits.
#[derive(Debug)]
pub(super) struct CloseIfGivenUp(Option<Closer>);

impl Driven {
    /// Runs a driver on the current runtime.
    pub(crate) fn spawn(driver: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Closer(Arc::new(Shared {
            driver: tokio::spawn(driver).abort_handle(),
            is_closed: AtomicBool::new(false),
            process: Process::current(),
        })))
    }

    pub(super) fn closer(&self) -> Closer {
        self.0.clone()
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Closer {
    /// Closes the connection.
    pub(super) fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
        // A child leaves its parent's runtime alone, whose locks may be held.
        if self.0.process.is_current() {
            self.0.driver.abort();
        }
    }

    /// Returns `true` if the connection was closed here. Its driver may end a little later.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed.load(Ordering::Acquire)
    }

    /// Returns a guard that closes the connection unless the command is answered.
    pub(super) fn close_if_given_up(&self) -> CloseIfGivenUp {
        CloseIfGivenUp(Some(self.clone()))
    }
}

impl CloseIfGivenUp {
    /// Notes that the command was answered.
    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CloseIfGivenUp {
    fn drop(&mut self) {
        if let Some(closer) = &self.0 {
            closer.close();
        }
    }
}
