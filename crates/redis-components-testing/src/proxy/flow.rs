//! The current manner of the proxy, and its connections.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use super::manner::Manner;

/// The state that the proxy, its acceptor and its pumps share.
#[derive(Debug)]
pub(super) struct Flow {
    server: u16,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    /// Counts changes of the manner, so that a pump knows when to count bytes from zero.
    changes: u64,
    closed: bool,
    /// How many connections wait for a change of the manner because of a text.
    waiting: u64,
    accepted: u64,
    /// Streams stay open while their pumps run.
    streams: Vec<Weak<TcpStream>>,
}

impl Flow {
    pub(super) fn to(server: u16) -> Self {
        Self {
            server,
            state: Mutex::new(State {
                manner: Manner::Pass,
                changes: 0,
                closed: false,
                waiting: 0,
                accepted: 0,
                streams: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// The port of the server that clients are connected to.
    pub(super) fn server(&self) -> u16 {
        self.server
    }

    pub(super) fn accepted(&self) -> u64 {
        self.lock().accepted
    }

    /// Counts a connection. Returns its number, from 1 on.
    pub(super) fn count_accepted(&self) -> u64 {
        let mut state = self.lock();
        state.accepted += 1;
        state.accepted
    }

    pub(super) fn behave(&self, manner: Manner) {
        let mut state = self.lock();
        state.manner = manner;
        state.changes += 1;
        self.changed.notify_all();
    }

    /// Waits while bytes of the connection with this number are held. Then returns the manner and
    /// the number of its change; `None` if the proxy is closed.
    pub(super) fn manner(&self, number: u64) -> Option<(Manner, u64)> {
        let held = |state: &mut State| {
            let is_held = match state.manner {
                Manner::Hold => true,
                Manner::HoldOne(held) => held == number,
                _ => false,
            };
            is_held && !state.closed
        };
        let state = self
            .changed
            .wait_while(self.lock(), held)
            .unwrap_or_else(PoisonError::into_inner);
        (!state.closed).then_some((state.manner, state.changes))
    }

    /// Waits until the manner changes that came with this change. Returns `false` once the proxy is closed.
    pub(super) fn wait_for_change(&self, change: u64) -> bool {
        let mut state = self.lock();
        state.waiting += 1;
        let mut state = self
            .changed
            .wait_while(state, |state| state.changes == change && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        !state.closed
    }

    /// Returns `true` if a connection waits for a change of the manner.
    pub(super) fn is_waited_for(&self) -> bool {
        self.lock().waiting > 0
    }

    /// Remembers the streams of a connection until they are closed. Returns `false` once the proxy is closed.
    pub(super) fn remember(&self, streams: [&Arc<TcpStream>; 2]) -> bool {
        let mut state = self.lock();
        if !state.closed {
            state.streams.retain(|stream| stream.strong_count() > 0);
            state.streams.extend(streams.map(Arc::downgrade));
        }
        !state.closed
    }

    /// Closes all connections.
    pub(super) fn cut(&self) {
        let streams = std::mem::take(&mut self.lock().streams);
        for stream in streams.iter().filter_map(Weak::upgrade) {
            // An error means that the stream is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Closes all connections for good.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
        self.cut();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
