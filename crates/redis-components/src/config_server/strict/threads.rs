//! The connection that all threads share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use redis::Value;
use tokio::sync::Notify;

use super::answer::Answer;
use super::batches::Batches;
use super::destination::Destination;
use super::opening::Opening;
use super::rest::Used;
use crate::clock::Tick;
use crate::config_server::read_command::BOUNDS;
use crate::transport::blocking::{BlockingStream, open_in_background};

/// The reads of threads, over one connection to the server that the watch is connected to.
///
/// It is opened in the background, and opened again when it has ended, until this is closed.
pub(super) struct Threads {
    to: Arc<Destination>,
    /// By the command that reads a key, as bytes.
    batches: Batches<Arc<[u8]>, Answer>,
    /// The connection, unless it is lent. It is locked for moments only.
    stream: Mutex<Option<Box<BlockingStream>>>,
    /// Whether there is a connection, lent or not.
    is_open: AtomicBool,
    opening: Opening,
    used: Used,
    /// Told when there is a connection.
    opened: Arc<Notify>,
}

impl Threads {
    pub(super) fn new(to: Arc<Destination>, opened: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            to,
            batches: Batches::new(),
            stream: Mutex::default(),
            is_open: AtomicBool::new(false),
            opening: Opening::new(),
            used: Used::default(),
            opened,
        })
    }

    pub(super) fn used(&self) -> &Used {
        &self.used
    }

    /// Waits for a read that is sent from now on. `command` is the command that reads a key.
    pub(super) fn read(self: &Arc<Self>, command: &Arc<[u8]>) -> Option<Answer> {
        self.used.note();
        if !self.is_open() {
            // Nobody waits until there is one.
            self.open();
            return None;
        }
        let command = Arc::clone(command);
        self.batches.read(command, |commands| self.send(commands))
    }

    /// Returns `true` if there is a connection.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    fn open(self: &Arc<Self>) {
        if !self.opening.begin() {
            return;
        }
        let attempt = Attempt(Arc::downgrade(self));
        // If no thread can be started, the attempt is dropped.
        let _ = open_in_background(&self.to.node, self.to.timeouts, BOUNDS, move |opened| {
            if let Ok(stream) = opened {
                attempt.bring(Box::new(stream));
            }
        });
    }

    /// Reads keys in one round trip. Only one thread is here at a time.
    fn send(&self, commands: &[Arc<[u8]>]) -> Vec<Option<Answer>> {
        let stream = self.stream().take();
        let Some(stream) = stream else {
            return Vec::new();
        };
        let mut lent = Lent {
            threads: self,
            stream: Some(stream),
        };
        let sent_at = Tick::now();
        let replies = lent.request(&commands.concat(), commands.len());
        // The watch may have left the server by now.
        let Some(replies) = replies.filter(|_| lent.give_back()) else {
            return Vec::new();
        };
        let replies = replies.into_iter();
        replies.map(|reply| Answer::of(reply, sent_at)).collect()
    }

    fn keep(&self, stream: Box<BlockingStream>) {
        *self.stream() = Some(stream);
        self.is_open.store(true, Ordering::Release);
    }

    fn take(&self) -> Option<Box<BlockingStream>> {
        self.is_open.store(false, Ordering::Release);
        self.stream().take()
    }

    /// Closes the connection, because it is not needed for a while. A thread that reads keeps it.
    pub(super) fn rest(&self) {
        let unused = self.opening.rest(|| {
            let unused = self.stream().take();
            unused.inspect(|_| self.is_open.store(false, Ordering::Release))
        });
        drop(unused);
    }

    /// Closes the connection for good. A thread that reads closes it when it has the answer.
    pub(super) fn close(&self) {
        drop(self.opening.close(|| self.take()));
    }

    fn stream(&self) -> MutexGuard<'_, Option<Box<BlockingStream>>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt to open the connection. It has failed if it is dropped before it brings one.
struct Attempt(Weak<Threads>);

impl Attempt {
    fn bring(mut self, stream: Box<BlockingStream>) {
        if let Some(threads) = std::mem::take(&mut self.0).upgrade() {
            threads.opening.succeed(|| threads.keep(stream));
            threads.opened.notify_one();
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(threads) = self.0.upgrade() {
            threads.opening.fail();
        }
    }
}

/// The connection in use. It is lost if this is dropped before it is given back.
struct Lent<'a> {
    threads: &'a Threads,
    stream: Option<Box<BlockingStream>>,
}

impl Lent<'_> {
    /// Sends encoded commands and reads as many replies.
    fn request(&mut self, packed: &[u8], replies: usize) -> Option<Vec<Value>> {
        self.stream.as_mut()?.request(packed, replies).ok()
    }

    /// Returns `false` if the connection is not kept any more.
    fn give_back(&mut self) -> bool {
        let threads = self.threads;
        let keep = |stream| threads.opening.give_back(|| threads.keep(stream));
        self.stream.take().is_some_and(keep)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(lost) = self.stream.take() {
            self.threads.opening.lose(|| {
                self.threads.is_open.store(false, Ordering::Release);
                Some(lost)
            });
        }
    }
}
