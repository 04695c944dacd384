//! The client that the asynchronous calls of one tokio runtime share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::try_join_all;
use redis::aio::MultiplexedConnection;

use super::health::EarlyEnd;
use super::line::{Line, end_unused};
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
    /// Whether it has been told that the client ended too young.
    judged: AtomicBool,
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
            judged: AtomicBool::new(false),
            #[cfg(feature = "connection-manager")]
            manager: tokio::sync::OnceCell::new(),
        })
    }

    /// The connection for one call: the first that has few requests under way, so that these go out together. Where all have
    /// many, it is left to chance: a counter would be one more place that all cores write to.
    pub(crate) fn pick(&self) -> u32 {
        let Ok(several @ 2..) = u32::try_from(self.connections.len()) else {
            return 0;
        };
        let is_light = |number: &u32| !self.connection(*number).is_heavy();
        (0..several)
            .find(is_light)
            .unwrap_or_else(|| fastrand::u32(..several))
    }

    /// The connection of that number.
    pub(crate) fn connection(&self, number: u32) -> &Shared {
        &self.connections[number as usize]
    }

    /// The number of the database that commands go to.
    pub(crate) fn db(&self) -> i64 {
        self.connections[0].db()
    }

    /// A handle to one of the connections, for somebody who does not hold this client: only the last of them ends the
    /// connection. Its requests are not counted, so that it is left to chance which.
    pub(crate) fn lend(&self) -> MultiplexedConnection {
        self.connections[fastrand::usize(..self.connections.len())].lend()
    }

    /// The connections as seen from outside, which may outlast this client where they are lent.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Arc<Line>> {
        self.connections.iter().map(Shared::line)
    }

    /// Asks the server in the background, once in a while, whether it is there: for users whose answers are not seen here.
    #[cfg(feature = "connection-manager")]
    pub(crate) fn check(&self) {
        self.connections[0].check();
    }

    /// Asks the server, in the background, whether it is there: something has not worked that was not done over these
    /// connections.
    pub(crate) fn doubt(&self) {
        self.connections[0].doubt();
    }

    /// Whether calls shall have another client: the server closed a connection or does not answer any more, or the
    /// client's runtime is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.connections.iter().any(Shared::is_closed)
    }

    /// Whether the client has ended too young; told to the first who asks.
    pub(crate) fn take_early_end(&self) -> Option<EarlyEnd> {
        // One failure, however many have ended and whenever each is seen to.
        let ended = self
            .connections
            .iter()
            .any(|connection| connection.take_early_end().is_some());
        if !ended || self.judged.swap(true, Ordering::AcqRel) {
            return None;
        }
        let used = self.connections.iter().any(Shared::has_served);
        Some(if used {
            EarlyEnd::Used
        } else {
            EarlyEnd::Unused
        })
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        let Some(errands) = &self.errands else { return };
        for line in self.lines().filter(|line| !line.is_lent()) {
            errands.run(end_unused(Arc::clone(line)));
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
