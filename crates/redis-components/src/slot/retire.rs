//! The end of a generation, and of the slot.

use std::sync::{Arc, MutexGuard};

use super::published::Published;
use super::retired::Retired;
use super::slot::{Slot, State};
use crate::error::Error;
use crate::telemetry::component::switched_off;

/// The connections of a slot that was shut down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StillOpen {
    pub(crate) in_use: usize,
    /// Open, and used by nobody.
    pub(crate) closing: usize,
}

impl Slot {
    /// Stops building clients, and returns the connections that are still open.
    pub(crate) fn shut_down(self: &Arc<Self>) -> StillOpen {
        let mut state = self.state();
        state.is_shut_down = true;
        self.unpublish(&mut state);
        if let Some(candidate) = self.candidate.send_replace(None) {
            candidate.slot().discard();
        }
        let still_open = StillOpen {
            in_use: state.old_connections(),
            closing: state.retired.iter().map(Retired::closing).sum(),
        };
        drop(state);
        self.generations.announce_end();
        #[cfg(feature = "metrics")]
        self.show();
        still_open
    }

    /// Returns an error if the slot is shut down.
    pub(crate) fn demand_open(&self) -> Result<(), Error> {
        if self.state().is_shut_down {
            return Err(self.was_shut_down());
        }
        Ok(())
    }

    /// Waits until the slot is shut down, and returns the error that calls get from then on.
    pub(crate) async fn shut(&self) -> Error {
        self.generations.over().await;
        self.was_shut_down()
    }

    /// Waits until calls of a generation are cut.
    pub(crate) async fn cut(&self, generation: u64) {
        self.generations.cut(generation).await;
    }

    /// Closes connections that nobody uses and whose runtimes do not run.
    pub(crate) fn close_unused(&self) {
        self.state().retired.iter().for_each(Retired::close_unused);
    }

    /// Ends the config in force because the newest config says so.
    pub(super) fn switch_off(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let is_news = self.unpublish(&mut state);
        // A subscriber may itself call a component, which takes the lock.
        drop(state);
        if is_news {
            self.generations.announce_move();
            self.watched.note_change();
            switched_off(&self.subject);
            #[cfg(feature = "metrics")]
            self.show();
        }
    }

    /// Stops handing out clients of the config in force. Returns `true` if there was one.
    fn unpublish(&self, state: &mut State) -> bool {
        let published = self.published.swap(None);
        if let Some(published) = &published {
            self.generations.begin(self.generations.newest() + 1);
            self.retire(state, published);
        }
        published.is_some()
    }

    /// Lets the calls of an earlier generation end, because the component has left its server. The
    /// same holds for generations that only a rotation had replaced.
    pub(super) fn retire(&self, state: &mut State, old: &Published) {
        state.remember(Retired::new(old));
        for retired in &mut state.retired {
            if retired.leave()
                && let Some(background) = &self.background
            {
                let generations = Arc::clone(&self.generations);
                let subject = self.subject.clone();
                background.run(retired.clone().drain(subject, self.drain, generations));
            }
        }
    }
}

impl State {
    /// Remembers replaced clients while somebody uses them, or they are open.
    pub(super) fn remember(&mut self, retired: Retired) {
        self.retired
            .retain(|retired| retired.connections() + retired.closing() > 0);
        self.retired.push(retired);
    }

    /// Returns how many connections of replaced clients are still in use.
    pub(super) fn old_connections(&self) -> usize {
        self.retired.iter().map(Retired::connections).sum()
    }
}
