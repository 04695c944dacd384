//! The reads of one key, on all runtimes that call its component.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::runtime::Id;

use super::lane::Lane;

/// The reads of one key, by runtime.
#[derive(Default)]
pub(in crate::config_server) struct Lanes(ArcSwap<Vec<Arc<Lane>>>);

impl Lanes {
    pub(super) fn find(&self, runtime: Id) -> Option<Arc<Lane>> {
        let lanes = self.0.load();
        let is_here = |lane: &&Arc<Lane>| lane.source().line().runtime() == runtime;
        lanes.iter().find(is_here).cloned()
    }

    /// Adds a lane, and forgets those of runtimes that have ended. If another thread has added one
    /// for the same runtime, returns that one.
    pub(super) fn add(&self, lane: &Arc<Lane>) -> Arc<Lane> {
        let line = lane.source().line();
        self.0.rcu(|known| {
            let mut lanes: Vec<_> = known.iter().map(Arc::clone).collect();
            let is_of_line = |known: &Arc<Lane>| known.source().line().runtime() == line.runtime();
            lanes.retain(|known| is_of_line(known) || !known.source().line().has_ended());
            if !lanes.iter().any(is_of_line) {
                lanes.push(Arc::clone(lane));
            }
            lanes
        });
        self.find(line.runtime())
            .unwrap_or_else(|| Arc::clone(lane))
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").finish_non_exhaustive()
    }
}
