//! The reads of one key, on all runtimes that call its component.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use tokio::runtime::Id;

use super::lane::Lane;
use crate::config_server::read_command::read_command;

/// The reads of one key, by runtime.
#[derive(Default)]
pub(in crate::config_server) struct Lanes {
    lanes: ArcSwap<Vec<Arc<Lane>>>,
    /// The command that reads the key, as threads send it.
    command: OnceLock<Arc<[u8]>>,
}

impl Lanes {
    /// Returns the command that reads the key, as bytes.
    pub(super) fn command(&self, key: &str) -> &Arc<[u8]> {
        self.command
            .get_or_init(|| read_command(key).get_packed_command().into())
    }

    /// Returns the lane of a runtime, unless its line is closed.
    pub(super) fn find(&self, runtime: Id) -> Option<Arc<Lane>> {
        let lanes = self.lanes.load();
        let is_here = |lane: &&Arc<Lane>| lane.source().line().runtime() == runtime;
        let lane = lanes.iter().find(is_here);
        lane.filter(|lane| !lane.source().line().is_closed())
            .cloned()
    }

    /// Adds a lane, and forgets those whose lines are closed. If another thread has added one for the
    /// same line, returns that one.
    pub(super) fn add(&self, lane: &Arc<Lane>) -> Arc<Lane> {
        let line = lane.source().line();
        self.lanes.rcu(|known| {
            let open = known
                .iter()
                .filter(|known| !known.source().line().is_closed());
            let mut lanes: Vec<_> = open.map(Arc::clone).collect();
            let is_of_line = |known: &Arc<Lane>| Arc::ptr_eq(known.source().line(), line);
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
