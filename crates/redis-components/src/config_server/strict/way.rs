//! The server that the watch is connected to, for those who read beside it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Id;
use tokio::sync::Notify;

use super::destination::Destination;
use super::line::Line;
use super::rest::Looks;
use super::threads::Threads;

/// What is connected beside one connection of the watch.
///
/// It owns all connections that were opened because of it, and closes them when it is closed or
/// dropped. With each connection of the watch there is another, also if it leads to the same server.
pub(super) struct Way {
    to: Arc<Destination>,
    lines: Mutex<Lines>,
    threads: Arc<Threads>,
    /// Told when there is something to look at.
    opened: Arc<Notify>,
}

struct Lines {
    is_closed: bool,
    of_runtimes: Vec<(Arc<Line>, Looks)>,
    /// At the connection of the threads.
    looks: Looks,
}

impl Way {
    pub(super) fn new(to: Destination, opened: Arc<Notify>) -> Self {
        let to = Arc::new(to);
        let lines = Lines {
            is_closed: false,
            of_runtimes: Vec::new(),
            looks: Looks::default(),
        };
        Self {
            threads: Threads::new(Arc::clone(&to), Arc::clone(&opened)),
            to,
            lines: Mutex::new(lines),
            opened,
        }
    }

    /// Returns the line of a runtime, unless this is closed.
    pub(super) fn line(&self, runtime: Id) -> Option<Arc<Line>> {
        let mut lines = self.lines();
        if lines.is_closed {
            return None;
        }
        let mut known = lines.of_runtimes.iter().map(|(line, _)| line);
        if let Some(line) = known.find(|line| line.runtime() == runtime) {
            return Some(Arc::clone(line));
        }
        let line = Line::new(runtime, Arc::clone(&self.to));
        let looks = Looks::default();
        lines.of_runtimes.push((Arc::clone(&line), looks));
        self.opened.notify_one();
        Some(line)
    }

    /// Returns the connection of all threads.
    pub(super) fn threads(&self) -> &Arc<Threads> {
        &self.threads
    }

    /// Closes what was not used for a while. Returns `true` if something is left to look at.
    pub(super) fn look(&self) -> bool {
        let mut lines = self.lines();
        let unused = lines
            .of_runtimes
            .extract_if(.., |(line, looks)| looks.look(line.used()));
        let unused: Vec<_> = unused.collect();
        if lines.looks.look(self.threads.used()) {
            self.threads.rest();
        }
        let is_left = !lines.of_runtimes.is_empty() || self.threads.is_open();
        drop(lines);
        unused.iter().for_each(|(line, _)| line.close());
        is_left
    }

    /// Closes everything, for good.
    pub(super) fn close(&self) {
        let mut lines = self.lines();
        lines.is_closed = true;
        let of_runtimes = std::mem::take(&mut lines.of_runtimes);
        drop(lines);
        of_runtimes.iter().for_each(|(line, _)| line.close());
        self.threads.close();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.close();
    }
}
