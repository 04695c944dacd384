//! A connection outside of its pool, for one call that may wait without a bound.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Pooled;
use crate::client::blocking::awaited::{Awaited, Kind};
use crate::client::blocking::exhausted::Exhausted;
use crate::client::blocking::pool::Pool;

/// The interval at which a call that waits without a bound has the server probed.
const PROBED_EVERY: Duration = Duration::from_secs(5);

impl Pooled {
    /// Opens a connection outside of the pool, for one call that may wait without a bound. Dropping
    /// the connection closes it.
    ///
    /// While the call waits, the pool's connections show if the server is up. When `has_moved`
    /// returns `true`, they ask the server to unblock the call. If that fails, the call ends after
    /// `deadline`.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be opened. If the pool's connections do not answer either, the
    /// pool is closed.
    pub(crate) fn open_dedicated(
        pool: &Arc<Pool>,
        has_moved: impl Fn() -> bool + Send + 'static,
        deadline: Duration,
    ) -> Result<Self, Exhausted> {
        let mut connection = pool.open_beside()?;
        let id = match connection.id() {
            Ok(id) => id,
            Err(_) => {
                connection = pool.open_beside()?;
                None
            }
        };
        let mut waiting = Waiting {
            pool: Arc::clone(pool),
            id,
            probed: Instant::now(),
            moved: None,
            deadline,
            awaited: Arc::default(),
        };
        let awaited = Arc::clone(&waiting.awaited);
        let set = connection.wait_while(move || waiting.goes_on(has_moved()));
        set.map_err(|error| Exhausted::Failed(error.into()))?;
        Ok(Self {
            pool: Arc::clone(pool),
            connection: Some(connection),
            is_member: false,
            awaited: Some(awaited),
        })
    }

    /// Returns `true` if the server is up.
    fn is_served(pool: &Arc<Pool>) -> bool {
        if pool.is_closed() {
            return pool.is_served();
        }
        match Self::take(pool) {
            Ok(mut pooled) => pooled.ping(),
            // If connections are in use, the server serves their users.
            Err(Exhausted::InUse { .. } | Exhausted::CannotGrow { .. }) => true,
            Err(Exhausted::Failed(failure)) => failure.is_refusal(),
        }
    }
}

/// A call that waits on a dedicated connection, as its pool sees it.
struct Waiting {
    pool: Arc<Pool>,
    /// The server's number for the connection, unless the user may not ask for it.
    id: Option<i64>,
    probed: Instant,
    moved: Option<Instant>,
    deadline: Duration,
    awaited: Arc<Awaited>,
}

impl Waiting {
    /// Returns `true` if the call has to go on waiting.
    fn goes_on(&mut self, has_moved: bool) -> bool {
        let awaited = self.awaited.kind();
        if awaited == Kind::Ends {
            self.moved = None;
        } else if has_moved {
            let moved = *self.moved.get_or_insert_with(Instant::now);
            if moved.elapsed() >= self.deadline {
                return false;
            }
            if awaited == Kind::Follows {
                self.unblock();
            }
        }
        if self.probed.elapsed() < PROBED_EVERY {
            return true;
        }
        self.probed = Instant::now();
        Pooled::is_served(&self.pool)
    }

    /// Asks the server to end the command that waits. The server answers that command with an
    /// error, and the command takes nothing.
    fn unblock(&self) {
        let Some(id) = self.id else { return };
        let mut unblock = redis::cmd("CLIENT");
        let unblock = unblock.arg("UNBLOCK").arg(id).arg("ERROR");
        let packed = unblock.get_packed_command();
        // An error says that the user may not do this, or that the server is gone. Then the
        // deadline or a probe ends the call.
        if let Ok(mut pooled) = Pooled::take(&self.pool) {
            let _ = pooled.request(&packed);
        } else if let Ok(mut connection) = self.pool.open_apart() {
            // All connections are in use, or the pool has closed itself because the server no longer
            // serves.
            let _ = connection.request(&packed, 1);
        }
    }
}
