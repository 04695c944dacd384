//! Where callers find the replies to their requests.

use std::mem::replace;
use std::task::{Poll, Waker};

use redis::{RedisResult, Value};

/// The places of all requests that have not been answered, and of answers that nobody has taken.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<SlotNumber>,
}

/// The place of one request. It is used again after the reply has come, and not before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotNumber(usize);

#[derive(Debug)]
enum Slot {
    Free,
    Waiting(Waker),
    Done(RedisResult<Value>),
    /// The caller has gone, and the reply is still to come.
    Abandoned,
}

impl Slots {
    /// Takes a place for a request.
    pub(super) fn insert(&mut self, waker: Waker) -> SlotNumber {
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            SlotNumber(self.slots.len() - 1)
        });
        self.slots[number.0] = Slot::Waiting(waker);
        number
    }

    /// Returns how many places are taken.
    pub(super) fn taken(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Takes the result and gives the place back, or notes whom to wake.
    pub(super) fn poll(&mut self, number: SlotNumber, waker: &Waker) -> Poll<RedisResult<Value>> {
        let slot = &mut self.slots[number.0];
        match slot {
            Slot::Waiting(noted) => noted.clone_from(waker),
            Slot::Done(_) => {
                if let Slot::Done(result) = replace(slot, Slot::Free) {
                    self.free.push(number);
                    return Poll::Ready(result);
                }
            }
            // Nobody asks for these.
            Slot::Free | Slot::Abandoned => {}
        }
        Poll::Pending
    }

    /// Notes that the caller has gone.
    pub(super) fn abandon(&mut self, number: SlotNumber) {
        let slot = &mut self.slots[number.0];
        match slot {
            Slot::Done(_) => {
                *slot = Slot::Free;
                self.free.push(number);
            }
            Slot::Waiting(_) => *slot = Slot::Abandoned,
            // Nobody gives up these.
            Slot::Free | Slot::Abandoned => {}
        }
    }

    /// Puts a result in its place. Returns whom to wake.
    pub(super) fn deliver(
        &mut self,
        number: SlotNumber,
        result: RedisResult<Value>,
    ) -> Option<Waker> {
        let slot = &mut self.slots[number.0];
        match replace(slot, Slot::Done(result)) {
            Slot::Waiting(waker) => Some(waker),
            _ => {
                *slot = Slot::Free;
                self.free.push(number);
                None
            }
        }
    }

    /// Puts the same result in all places that wait for one. Returns whom to wake.
    pub(super) fn deliver_all(&mut self, result: &RedisResult<Value>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for slot in &mut self.slots {
            if matches!(slot, Slot::Waiting(_))
                && let Slot::Waiting(waker) = replace(slot, Slot::Done(result.clone()))
            {
                wakers.push(waker);
            }
        }
        wakers
    }
}
