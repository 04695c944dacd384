//! A client of a server that has hung up on others: whether it is kept, time will tell.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Slot;
use super::executor::Executor;
use super::outlook::Goal;
use super::report::Event;
use crate::client::TOO_YOUNG;

/// To be [ended](Self::end) when it has [lasted](Self::LASTS) long enough.
#[derive(Debug)]
pub(super) struct Trial<X> {
    slot: Weak<Slot>,
    executor: X,
    revision: u64,
}

impl Trial<()> {
    /// A client that has lived for so long does not count as one that was hung up on.
    pub(super) const LASTS: Duration = TOO_YOUNG;
}

impl<X: Executor> Trial<X> {
    pub(super) fn of(slot: &Arc<Slot>, executor: &X, goal: &Goal) -> Self {
        Self {
            slot: Arc::downgrade(slot),
            executor: executor.clone(),
            revision: goal.revision,
        }
    }

    /// Tells that the server is back, if it has not hung up again.
    pub(super) fn end(self) {
        let Some(slot) = self.slot.upgrade() else {
            return;
        };
        let mut outlook = slot.outlook();
        let Some(published) = slot.published() else {
            return;
        };
        let lives = self.executor.find(&published.clients).is_some();
        let is_back = lives && outlook.acquit(self.executor.id(), self.revision);
        drop(outlook);
        if is_back {
            let generation = published.generation;
            let back = slot.report(&published.config, Event::Back { generation });
            back.emit();
        }
    }
}
