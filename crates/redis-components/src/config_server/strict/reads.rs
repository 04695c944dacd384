//! All connections beside the watch's.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Id;

use super::answer::Answer;
use super::lane::{KeyReads, Lane};
use super::lanes::Lanes;
use super::line::Line;
use super::merged::Merged;
use super::threads::Threads;
use super::way::Ways;
use crate::config_server::read_command::read_command;
use crate::settings::timeouts::Timeouts;
use crate::transport::node::Node;

/// The reads that calls send themselves.
pub(in crate::config_server) struct StrictReads {
    ways: Arc<Ways>,
    lines: Mutex<Vec<Arc<Line>>>,
    threads: Arc<Threads>,
}

impl StrictReads {
    pub(in crate::config_server) fn new() -> Self {
        let ways = Arc::<Ways>::default();
        Self {
            threads: Threads::new(Arc::clone(&ways)),
            ways,
            lines: Mutex::default(),
        }
    }

    /// Reads from this server, to which the watch is connected from now on.
    pub(in crate::config_server) fn follow(&self, node: Arc<Node>, timeouts: Timeouts) {
        self.ways.open(node, timeouts);
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
            None => lanes.add(&self.lane(key, runtime)),
        };
        lane.source().line().ready()?;
        lane.ask().await
    }

    /// Waits for a read that is sent from now on, with this thread. Returns `None` if there is no
    /// answer, or no connection yet.
    pub(in crate::config_server) fn read_blocking(
        &self,
        lanes: &Lanes,
        key: &str,
    ) -> Option<Answer> {
        self.threads.read(lanes.command(key))
    }

    /// Closes all connections, because the watch is not connected any more.
    pub(in crate::config_server) fn leave(&self) {
        self.ways.close();
        self.lines().iter().for_each(|line| line.close());
        self.threads.close();
    }

    fn lane(&self, key: &str, runtime: Id) -> Arc<Lane> {
        let mut lines = self.lines();
        let known = lines.iter().find(|line| line.runtime() == runtime).cloned();
        let line = known.unwrap_or_else(|| {
            lines.retain(|line| !line.has_ended());
            let line = Line::new(runtime, Arc::clone(&self.ways));
            lines.push(Arc::clone(&line));
            line
        });
        Merged::new(KeyReads::new(line, read_command(key)))
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StrictReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StrictReads").finish_non_exhaustive()
    }
}
