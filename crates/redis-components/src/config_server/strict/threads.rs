//! The connection that all threads share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use super::answer::Answer;
use super::batches::{Batches, Connection};
use super::opening::Opening;
use super::way::{Way, Ways};
use crate::clock::Tick;
use crate::config_server::connection::{BOUNDS, read_command};
use crate::transport::blocking::{BlockingStream, open_in_background};

/// The reads of threads, over one connection.
pub(super) struct Threads(Batches<Arc<Shared>>);

/// The connection, and how it is opened.
pub(super) struct Shared {
    ways: Arc<Ways>,
    /// Where the connection leads, if there is one.
    way: ArcSwapOption<Way>,
    /// Only the thread that sends or receives a batch uses it.
    line: Mutex<Option<Line>>,
    opening: Opening,
}

struct Line {
    stream: BlockingStream,
    way: Arc<Way>,
    /// The batch in flight: when it was sent, and how many keys it has.
    sent: Option<(Tick, usize)>,
}

impl Threads {
    pub(super) fn new(ways: Arc<Ways>) -> Self {
        Self(Batches::new(Arc::new(Shared {
            ways,
            way: ArcSwapOption::empty(),
            line: Mutex::default(),
            opening: Opening::new(),
        })))
    }

    /// Waits for a read that is sent from now on.
    pub(super) fn read(&self, key: &str) -> Option<Answer> {
        let is_ready = self.0.connection().is_ready();
        is_ready.then(|| self.0.read(key.to_owned())).flatten()
    }

    /// Closes the connection. A thread that reads closes it when it has the answer.
    pub(super) fn close(&self) {
        self.0.connection().close();
    }
}

impl Shared {
    /// Returns `true` if there is a connection to the server that the watch is connected to. If
    /// there is none, it is opened, and nobody waits for that.
    fn is_ready(self: &Arc<Self>) -> bool {
        let current = self.ways.current();
        let Some(current) = current.as_ref() else {
            return false;
        };
        let way = self.way.load();
        if way.as_ref().is_some_and(|way| Arc::ptr_eq(way, current)) {
            return true;
        }
        if self.opening.begin() {
            self.open(current);
        }
        false
    }

    fn open(self: &Arc<Self>, way: &Arc<Way>) {
        let (shared, way) = (Arc::clone(self), Arc::clone(way));
        let (node, timeouts) = (Arc::clone(&way.node), way.timeouts);
        let begun = open_in_background(&node, timeouts, BOUNDS, move |opened| {
            let is_open = opened.is_ok();
            if let Ok(stream) = opened {
                let (leads_to, sent) = (Arc::clone(&way), None);
                *shared.line() = Some(Line {
                    stream,
                    way: leads_to,
                    sent,
                });
                shared.way.store(Some(Arc::clone(&way)));
            }
            shared.opening.end(is_open);
            if !shared.ways.leads(&way) {
                shared.close();
            }
        });
        if begun.is_err() {
            self.opening.end(false);
        }
    }

    /// Gives the connection up.
    fn lose(&self, line: &mut Option<Line>) {
        *line = None;
        self.way.store(None);
        self.opening.note_loss();
    }

    fn close(&self) {
        self.way.store(None);
        if let Ok(mut line) = self.line.try_lock() {
            *line = None;
        }
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection for Arc<Shared> {
    type Key = String;
    type Answer = Answer;

    fn send(&self, keys: &[String]) -> bool {
        let mut packed = Vec::new();
        for key in keys {
            read_command(key).write_packed_command(&mut packed);
        }
        let mut line = self.line();
        let Some(open) = line.as_mut().filter(|open| self.ways.leads(&open.way)) else {
            return false;
        };
        open.sent = Some((Tick::now(), keys.len()));
        let is_sent = open.stream.send(&packed).is_ok();
        if !is_sent {
            self.lose(&mut line);
        }
        is_sent
    }

    fn receive(&self) -> Vec<Option<Answer>> {
        let mut line = self.line();
        let sent = line
            .as_mut()
            .and_then(|open| Some((open.sent.take()?, open)));
        let Some(((sent_at, count), open)) = sent else {
            return Vec::new();
        };
        let Ok(replies) = open.stream.receive(count) else {
            self.lose(&mut line);
            return Vec::new();
        };
        // The watch may be connected to another server by now.
        if !self.ways.leads(&open.way) {
            *line = None;
            return Vec::new();
        }
        let replies = replies.into_iter();
        replies.map(|reply| Answer::of(reply, sent_at)).collect()
    }
}
