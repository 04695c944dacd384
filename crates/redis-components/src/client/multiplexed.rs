//! The client that the asynchronous calls of one tokio runtime share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::try_join_all;

use super::line::end_unused;
use super::shared::Shared;
use super::{Failure, Timeouts};
use crate::ComponentConfig;
use crate::config_server::Errands;

/// Multiplexed connections, one or several, of which each call uses one.
pub(crate) struct Multiplexed {
    /// Never empty.
    connections: Box<[Shared]>,
    /// Who ends the connections when the last user is gone.
    errands: Option<Errands>,
    /// Whether there may be users that do not hold this client.
    lent: AtomicBool,
    /// For functions that take one: it goes when this client does.
    #[cfg(feature = "connection-manager")]
    pub(crate) manager: tokio::sync::OnceCell<redis::aio::ConnectionManager>,
}

impl Multiplexed {
    /// Connects, logs in and probes on the current runtime, where the connections are then driven.
    pub(crate) async fn open(
        config: &ComponentConfig,
        connections: usize,
        timeouts: Timeouts,
        errands: Option<Errands>,
    ) -> Result<Self, Failure> {
        let opening = (0..connections.max(1)).map(|_| Shared::open(config, timeouts));
        Ok(Self {
            connections: try_join_all(opening).await?.into(),
            errands,
            lent: AtomicBool::new(false),
            #[cfg(feature = "connection-manager")]
            manager: tokio::sync::OnceCell::new(),
        })
    }

    /// The connection for one call. Which of several is left to chance: a counter would be one more place that all cores
    /// write to.
    pub(crate) fn pick(&self) -> usize {
        match self.connections.len() {
            1 => 0,
            several => fastrand::usize(..several),
        }
    }

    /// The connection of that number.
    pub(crate) fn connection(&self, number: usize) -> &Shared {
        &self.connections[number]
    }

    /// The number of the database that commands go to.
    pub(crate) fn db(&self) -> i64 {
        self.connections[0].db()
    }

    /// Notes that a handle goes to somebody who does not hold this client: only the last of them ends the connection.
    pub(crate) fn lend(&self) {
        self.lent.store(true, Ordering::Release);
    }

    /// Whether calls shall have another client: the server closed a connection or does not answer any more, or the
    /// client's runtime is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.connections.iter().any(Shared::is_closed)
    }

    /// Ends the connections, and with them what is under way.
    pub(crate) fn cut(&self) {
        self.connections.iter().for_each(Shared::cut);
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        if let Some(errands) = &self.errands
            && !*self.lent.get_mut()
        {
            for connection in &self.connections {
                errands.run(end_unused(connection.line()));
            }
        }
    }
}

impl fmt::Debug for Multiplexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiplexed")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
