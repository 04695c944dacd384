//! The connection of one runtime.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use redis::Cmd;
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;

use super::answer::Answer;
use super::destination::Destination;
use super::opening::Opening;
use super::rest::Used;
use crate::clock::Tick;
use crate::config_server::read_command::BOUNDS;
use crate::transport::asynchronous::{Opened, open_shared_bounded};
use crate::transport::ends::Ends;
use crate::transport::multiplexer::connection::Multiplexer;

/// The connection of one runtime to the server that the watch is connected to.
///
/// It is opened in the background, and opened again when it has ended, until it is closed. Its owner
/// closes it. The task that opens and drives the connection does not keep it open.
pub(super) struct Line {
    runtime: Id,
    to: Arc<Destination>,
    open: ArcSwapOption<Open>,
    opening: Opening,
    /// The task of the newest connection.
    task: Mutex<Option<AbortHandle>>,
    is_closed: AtomicBool,
    used: Used,
}

/// An open connection.
pub(super) struct Open {
    connection: Multiplexer,
    /// Ends the connection also if its runtime stands still.
    ends: Ends,
}

impl Line {
    pub(super) fn new(runtime: Id, to: Arc<Destination>) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            to,
            open: ArcSwapOption::empty(),
            opening: Opening::new(),
            task: Mutex::default(),
            is_closed: AtomicBool::new(false),
            used: Used::default(),
        })
    }

    pub(super) fn runtime(&self) -> Id {
        self.runtime
    }

    /// Returns `true` if there will never be a connection again, because the watch has left the
    /// server, or because the line was not used for a while.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(super) fn used(&self) -> &Used {
        &self.used
    }

    /// Returns `true` if there is a connection. If there is none, it is opened, and nobody waits for
    /// that.
    pub(super) fn is_ready(self: &Arc<Self>) -> bool {
        self.used.note();
        let is_open = self.open.load().is_some();
        if !is_open {
            self.open();
        }
        is_open
    }

    /// Returns the connection, if there is one.
    pub(super) fn connection(&self) -> Option<Arc<Open>> {
        self.open.load_full()
    }

    fn open(self: &Arc<Self>) {
        let runtime = Handle::try_current();
        let runtime = runtime.ok().filter(|runtime| runtime.id() == self.runtime);
        let Some(runtime) = runtime.filter(|_| self.opening.begin()) else {
            return;
        };
        let attempt = Attempt(Arc::downgrade(self));
        let to = Arc::clone(&self.to);
        let task = runtime.spawn(async move {
            // What was said about a server is noted by the watch, which reads the same one.
            if let Ok(opened) = open_shared_bounded(&to.node, to.timeouts, BOUNDS).await {
                attempt.drive(opened).await;
            }
        });
        *self.task() = Some(task.abort_handle());
        if self.is_closed() {
            task.abort();
        }
    }

    /// Keeps a connection, unless the line is closed.
    fn keep(&self, open: &Arc<Open>) -> bool {
        self.opening
            .succeed(|| self.open.store(Some(Arc::clone(open))))
    }

    /// Reads a key over an open connection.
    pub(super) async fn read(&self, open: Arc<Open>, command: Arc<Cmd>) -> Option<Answer> {
        let sent_at = Tick::now();
        match open.connection.send(&command).await {
            // The watch may be connected to another server by now.
            Ok(reply) if !self.is_closed() => Answer::of(reply, sent_at),
            Ok(_) => None,
            Err(_) => {
                self.lose(&open);
                None
            }
        }
    }

    /// Gives up a connection.
    fn lose(&self, lost: &Arc<Open>) {
        let lost = self.opening.lose(|| {
            let open = self.open.load_full();
            let open = open.filter(|open| Arc::ptr_eq(open, lost));
            open.inspect(|_| self.open.store(None))
        });
        if let Some(lost) = lost {
            lost.ends.end();
        }
    }

    /// Closes the connection, or ends the attempt to open it. Nothing is opened again.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        if let Some(open) = self.opening.close(|| self.open.swap(None)) {
            // A read in flight keeps it, and ends at once.
            open.ends.end();
        }
        if let Some(task) = self.task().take() {
            task.abort();
        }
    }

    fn task(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.close();
    }
}

/// An attempt to open a connection. It has failed if it is dropped before it brings one.
struct Attempt(Weak<Line>);

impl Attempt {
    /// Hands the connection to its line, and drives it until it ends. Meanwhile only the line keeps
    /// it.
    async fn drive(mut self, opened: Opened<Multiplexer>) {
        let (connection, driver, ends) = opened.into_shared_parts();
        let line = std::mem::take(&mut self.0);
        let open = Arc::new(Open { connection, ends });
        if !line.upgrade().is_some_and(|line| line.keep(&open)) {
            return;
        }
        let kept = Arc::downgrade(&open);
        drop(open);
        driver.await;
        if let (Some(line), Some(open)) = (line.upgrade(), kept.upgrade()) {
            line.lose(&open);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(line) = self.0.upgrade() {
            line.opening.fail();
        }
    }
}
