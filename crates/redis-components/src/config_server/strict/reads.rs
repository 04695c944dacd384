//! All connections beside the watch's.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::runtime::Id;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::answer::Answer;
use super::destination::Destination;
use super::lane::{KeyReads, Lane};
use super::lanes::Lanes;
use super::merged::Merged;
use super::rest::LOOKED_EVERY;
use super::way::Way;
use crate::config_server::read_command::read_command;
use crate::settings::timeouts::Timeouts;
use crate::transport::node::Node;

/// The reads that calls send themselves.
pub(in crate::config_server) struct StrictReads {
    /// The server that the watch is connected to, if it is connected, with all connections to it.
    way: ArcSwapOption<Way>,
    /// Told when a connection is opened.
    opened: Arc<Notify>,
}

impl StrictReads {
    pub(in crate::config_server) fn new() -> Self {
        Self {
            way: ArcSwapOption::empty(),
            opened: Arc::default(),
        }
    }

    /// Reads from this server, to which the watch is connected from now on.
    pub(in crate::config_server) fn follow(&self, node: Arc<Node>, timeouts: Timeouts) {
        let to = Destination::new(node, timeouts);
        self.go(Some(Way::new(to, Arc::clone(&self.opened))));
    }

    /// Closes all connections, because the watch is not connected any more.
    pub(in crate::config_server) fn leave(&self) {
        self.go(None);
    }

    fn go(&self, way: Option<Way>) {
        if let Some(left) = self.way.swap(way.map(Arc::new)) {
            // A caller may have it in hand.
            left.close();
        }
    }

    /// Closes connections that are not used for a while. Runs beside the watch, on its thread, which
    /// is there also if a runtime stands still.
    pub(in crate::config_server) async fn close_unused(self: Arc<Self>) {
        loop {
            self.opened.notified().await;
            while self.way.load_full().is_some_and(|way| way.look()) {
                sleep(LOOKED_EVERY).await;
            }
        }
    }

    /// Waits for a read that is sent from now on, with a task of `runtime`, which is the current
    /// one. Returns `None` if there is no answer, or no connection yet.
    pub(in crate::config_server) async fn read(
        &self,
        lanes: &Lanes,
        key: &str,
        runtime: Id,
    ) -> Option<Answer> {
        let lane = match lanes.find(runtime) {
            Some(lane) => lane,
            None => lanes.add(&self.lane(key, runtime)?),
        };
        if !lane.source().line().is_ready() {
            return None;
        }
        lane.ask().await
    }

    /// Waits for a read that is sent from now on, with this thread. Returns `None` if there is no
    /// answer, or no connection yet.
    pub(in crate::config_server) fn read_blocking(
        &self,
        lanes: &Lanes,
        key: &str,
    ) -> Option<Answer> {
        let way = self.way.load();
        way.as_ref()?.threads().read(lanes.command(key))
    }

    fn lane(&self, key: &str, runtime: Id) -> Option<Arc<Lane>> {
        let way = self.way.load();
        let line = way.as_ref()?.line(runtime)?;
        Some(Merged::new(KeyReads::new(line, read_command(key))))
    }
}

impl fmt::Debug for StrictReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StrictReads").finish_non_exhaustive()
    }
}
