//! The connection that all threads share.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::answer::Answer;
use super::batches::Batches;
use super::opening::Opening;
use super::way::{Way, Ways};
use crate::clock::Tick;
use crate::config_server::read_command::BOUNDS;
use crate::transport::blocking::{BlockingStream, open_in_background};

/// The reads of threads, over one connection.
pub(super) struct Threads {
    ways: Arc<Ways>,
    /// By the command that reads a key, as bytes.
    batches: Batches<Arc<[u8]>, Answer>,
    /// Where the connection leads, if there is one.
    way: ArcSwapOption<Way>,
    /// Only the thread that sends a batch uses it.
    stream: Mutex<Option<BlockingStream>>,
    opening: Opening,
}

impl Threads {
    pub(super) fn new(ways: Arc<Ways>) -> Arc<Self> {
        Arc::new(Self {
            ways,
            batches: Batches::new(),
            way: ArcSwapOption::empty(),
            stream: Mutex::default(),
            opening: Opening::new(),
        })
    }

    /// Waits for a read that is sent from now on. `command` is the command that reads a key.
    pub(super) fn read(self: &Arc<Self>, command: &Arc<[u8]>) -> Option<Answer> {
        if !self.is_ready() {
            return None;
        }
        let command = Arc::clone(command);
        self.batches.read(command, |commands| self.send(commands))
    }

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
        let (threads, leads_to) = (Arc::clone(self), Arc::clone(way));
        let begun = open_in_background(&way.node, way.timeouts, BOUNDS, move |opened| {
            let is_open = opened.is_ok();
            if let Ok(stream) = opened {
                *threads.stream() = Some(stream);
                threads.way.store(Some(Arc::clone(&leads_to)));
            }
            threads.opening.end(is_open);
            if !threads.ways.leads(&leads_to) {
                threads.close();
            }
        });
        if begun.is_err() {
            self.opening.end(false);
        }
    }

    /// Reads keys in one round trip. Only one thread is here at a time.
    fn send(&self, commands: &[Arc<[u8]>]) -> Vec<Option<Answer>> {
        let way = self.way.load_full();
        let Some(way) = way.filter(|way| self.ways.leads(way)) else {
            return Vec::new();
        };
        let mut stream = self.stream();
        let Some(connection) = &mut *stream else {
            return Vec::new();
        };
        let sent_at = Tick::now();
        let Ok(replies) = connection.request(&commands.concat(), commands.len()) else {
            *stream = None;
            self.way.store(None);
            self.opening.note_loss();
            return Vec::new();
        };
        // The watch may be connected to another server by now.
        if !self.ways.leads(&way) {
            *stream = None;
            return Vec::new();
        }
        let replies = replies.into_iter();
        replies.map(|reply| Answer::of(reply, sent_at)).collect()
    }

    /// Closes the connection. A thread that reads closes it when it has the answer.
    pub(super) fn close(&self) {
        self.way.store(None);
        if let Ok(mut stream) = self.stream.try_lock() {
            *stream = None;
        }
    }

    fn stream(&self) -> std::sync::MutexGuard<'_, Option<BlockingStream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
