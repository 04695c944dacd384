//! The messages that have come and nobody has taken.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use redis::Msg;

use super::event::SubscriberEvent;
use crate::error::Error;

/// So many messages wait for a slow reader, and so many bytes. Then no more are read from the
/// server, which keeps them up to its own bound (`client-output-buffer-limit pubsub`).
const MOST_MESSAGES: usize = 1024;
const MOST_BYTES: usize = 8 * 1024 * 1024;

type Item = Result<SubscriberEvent, Error>;

/// A bounded queue between a subscriber's driver and its reader.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    reader: AtomicWaker,
    driver: AtomicWaker,
}

#[derive(Debug, Default)]
struct State {
    /// With the bytes of each.
    items: VecDeque<(Item, usize)>,
    bytes: usize,
    is_over: bool,
    is_driver_waiting: bool,
}

impl State {
    fn is_full(&self) -> bool {
        self.items.len() >= MOST_MESSAGES || self.bytes >= MOST_BYTES
    }
}

impl Queue {
    /// Returns `true` if there is room. If there is none, the driver is woken when there is.
    pub(super) fn has_room(&self, context: &Context<'_>) -> bool {
        self.driver.register(context.waker());
        let mut state = self.state();
        state.is_driver_waiting = state.is_full();
        !state.is_driver_waiting
    }

    /// Adds an item, even if there is no room: events are few.
    pub(super) fn push(&self, item: Item) {
        let bytes = match &item {
            Ok(SubscriberEvent::Message(message)) => size(message),
            _ => 0,
        };
        let mut state = self.state();
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        drop(state);
        self.reader.wake();
    }

    /// Lets the reader's stream end after the items that are there.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.reader.wake();
    }

    /// Returns the next item, or `None` at the end.
    pub(super) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Item>> {
        self.reader.register(context.waker());
        let mut state = self.state();
        let Some((item, bytes)) = state.items.pop_front() else {
            return if state.is_over {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        };
        state.bytes -= bytes;
        let wakes = state.is_driver_waiting && !state.is_full();
        drop(state);
        if wakes {
            self.driver.wake();
        }
        Poll::Ready(Some(item))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(message: &Msg) -> usize {
    size_of::<Msg>() + message.get_payload_bytes().len() + message.get_channel_name().len()
}
