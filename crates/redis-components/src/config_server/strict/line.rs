//! The connection of one runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use redis::Cmd;
use tokio::runtime::{Handle, Id};

use super::answer::Answer;
use super::opening::Opening;
use super::way::{Way, Ways};
use crate::clock::Tick;
use crate::config_server::read_command::BOUNDS;
use crate::transport::asynchronous::{Ends, open_shared_bounded};
use crate::transport::multiplexer::connection::Multiplexer;

/// The connection of one runtime, which is opened in the background and opened again when it has
/// ended.
pub(super) struct Line {
    runtime: Id,
    ways: Arc<Ways>,
    open: ArcSwapOption<Open>,
    opening: Opening,
    /// Whether the runtime has dropped the task that opens or drives the connection.
    has_ended: AtomicBool,
}

/// An open connection.
pub(super) struct Open {
    connection: Multiplexer,
    way: Arc<Way>,
    /// Ends the connection also if its runtime stands still.
    ends: Ends,
}

impl Line {
    pub(super) fn new(runtime: Id, ways: Arc<Ways>) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            ways,
            open: ArcSwapOption::empty(),
            opening: Opening::new(),
            has_ended: AtomicBool::new(false),
        })
    }

    pub(super) fn runtime(&self) -> Id {
        self.runtime
    }

    /// Returns `true` if the connection has ended, perhaps with its runtime.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Returns the connection to the server that the watch is connected to. If there is none, it is
    /// opened, and nobody waits for that.
    pub(super) fn ready(self: &Arc<Self>) -> Option<Arc<Open>> {
        let way = self.ways.current();
        let way = way.as_ref()?;
        let open = self.open.load();
        if let Some(open) = open.as_ref()
            && Arc::ptr_eq(&open.way, way)
        {
            return Some(Arc::clone(open));
        }
        self.open(way);
        None
    }

    fn open(self: &Arc<Self>, way: &Arc<Way>) {
        let runtime = Handle::try_current();
        let runtime = runtime.ok().filter(|runtime| runtime.id() == self.runtime);
        let Some(runtime) = runtime.filter(|_| self.opening.begin()) else {
            return;
        };
        self.has_ended.store(false, Ordering::Release);
        let running = Running(Arc::clone(self));
        let way = Arc::clone(way);
        runtime.spawn(async move {
            let line = &running.0;
            let opened = open_shared_bounded(&way.node, way.timeouts, BOUNDS).await;
            // What was said about a server is noted by the watch, which reads the same one.
            let Ok(opened) = opened else {
                line.opening.end(false);
                return;
            };
            let (connection, driver, ends) = opened.into_shared_parts();
            let open = Open {
                connection,
                way,
                ends,
            };
            let open = Arc::new(open);
            line.open.store(Some(Arc::clone(&open)));
            line.opening.end(true);
            if !line.ways.leads(&open.way) {
                line.lose(&open);
            }
            drop(open);
            driver.await;
        });
    }

    /// Reads a key over an open connection.
    pub(super) async fn read(&self, open: Arc<Open>, command: Arc<Cmd>) -> Option<Answer> {
        let sent_at = Tick::now();
        match open.connection.send(&command).await {
            // The watch may be connected to another server by now.
            Ok(reply) if self.ways.leads(&open.way) => Answer::of(reply, sent_at),
            Ok(_) => None,
            Err(_) => {
                self.lose(&open);
                None
            }
        }
    }

    /// Gives up a connection.
    fn lose(&self, lost: &Arc<Open>) {
        let open = self.open.load();
        if let Some(open) = open.as_ref()
            && Arc::ptr_eq(open, lost)
        {
            let before = self.open.compare_and_swap(open, None);
            if before
                .as_ref()
                .is_some_and(|before| Arc::ptr_eq(before, lost))
            {
                lost.ends.end();
                self.opening.note_loss();
            }
        }
    }

    /// Closes the connection.
    pub(super) fn close(&self) {
        if let Some(open) = self.open.swap(None) {
            // A read in flight keeps it, and ends at once.
            open.ends.end();
        }
    }
}

/// The task that opens and drives a connection.
struct Running(Arc<Line>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.has_ended.store(true, Ordering::Release);
    }
}
