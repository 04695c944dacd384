//! What one blocking call has of a cluster: a connection to each node that it has used.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::{ErrorKind, RedisError, RedisResult, Value};

use super::blocking::ClusterPools;
use super::node_number::NodeNumber;
use super::plan::Goal;
use super::redirect::{Refusal, refusal};
use super::rounds::{Pace, Target};
use super::transaction::cross_slot;
use crate::client::blocking::exhausted::Exhausted;
use crate::client::blocking::pooled::Pooled;
use crate::client::blocking::session::{Waits, wait_of};
use crate::client::commands::Session;
use crate::client::moves::{Moves, has_moved};
use crate::clock::Tick;
use crate::fork::MADE_BEFORE_FORK;

/// The connections of one call. They are given back when it ends, so that the session that the call
/// has on a node stays its own.
pub(crate) struct ClusterLease {
    pub(super) pools: Arc<ClusterPools>,
    pub(super) held: Vec<(NodeNumber, Pooled)>,
    component: Option<Arc<dyn Moves>>,
    /// How long a command that waits may stay after a move. `None` for connections of the pools.
    pub(super) dedicated: Option<Duration>,
    /// Whether a failure has closed one of the connections.
    pub(super) is_broken: bool,
}

impl ClusterLease {
    /// Begins without connections. `component` is followed, if there is one.
    pub(crate) fn new(
        pools: &Arc<ClusterPools>,
        component: Option<Arc<dyn Moves>>,
        dedicated: Option<Duration>,
    ) -> Self {
        Self {
            pools: Arc::clone(pools),
            held: Vec::new(),
            component,
            dedicated,
            is_broken: false,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.is_broken && self.pools.is_of_this_process()
    }

    /// Returns `true` if the next command finds the connections as the first command did.
    pub(crate) fn is_clean(&self) -> bool {
        self.held.iter().all(|(_, pooled)| pooled.is_clean())
    }

    /// Returns `true` if a transaction is open. The server queues its commands.
    pub(super) fn is_queueing(&self) -> bool {
        self.held.iter().any(|(_, pooled)| pooled.is_queueing())
    }

    /// Returns how long these encoded commands may wait, and which of them waits first.
    pub(crate) fn wait_of<'a>(&self, packed: &'a [u8]) -> Option<Waits<'a>> {
        // Then none waits.
        if self.is_queueing() {
            return None;
        }
        wait_of(&Session::default(), packed)
    }

    /// Returns `true` if other calls get the connections after this one.
    pub(crate) fn is_member(&self) -> bool {
        self.dedicated.is_none()
    }

    /// Refuses commands for another node than that whose transaction is open: they would be
    /// executed at once.
    pub(super) fn demand_no_queue(&self, node: Option<NodeNumber>) -> RedisResult<()> {
        let elsewhere = self
            .held
            .iter()
            .any(|(other, pooled)| pooled.is_queueing() && Some(*other) != node);
        if elsewhere { Err(cross_slot()) } else { Ok(()) }
    }

    /// Refuses a transaction on another node than that which watches keys for it.
    pub(super) fn demand_session_at(&self, node: NodeNumber) -> RedisResult<()> {
        let elsewhere = self
            .held
            .iter()
            .any(|(other, pooled)| !pooled.is_clean() && *other != node);
        if elsewhere { Err(cross_slot()) } else { Ok(()) }
    }

    pub(super) fn demand_usable(&self) -> RedisResult<()> {
        if !self.pools.is_of_this_process() {
            return Err((ErrorKind::Io, MADE_BEFORE_FORK).into());
        }
        if self.is_broken {
            let message = "the connection was closed by an earlier failure";
            return Err((ErrorKind::Io, message).into());
        }
        Ok(())
    }

    pub(super) fn target(&self, goal: Goal) -> Option<Target> {
        let in_use = || {
            self.held
                .last()
                .map(|(node, _)| *node)
                .filter(|_| goal == Goal::Anywhere)
        };
        in_use()
            .or_else(|| self.pools.find(goal))
            .map(Target::owner)
    }

    /// Returns the call's connection to a node. Takes or opens one if it has none.
    pub(super) fn held(&mut self, node: NodeNumber) -> RedisResult<&mut Pooled> {
        let place = self.held.iter().position(|(other, _)| *other == node);
        let place = match place {
            Some(place) => place,
            None => {
                // A call that keeps what it does not need and waits for more could wait for another
                // call that does the same.
                if self.dedicated.is_none() {
                    self.held.retain(|(_, pooled)| !pooled.is_clean());
                }
                let pooled = self.take(node)?;
                self.held.push((node, pooled));
                self.held.len() - 1
            }
        };
        Ok(&mut self.held[place].1)
    }

    /// Returns `true` if the call has a connection to a node, or got one without waiting for other
    /// calls. So it can keep those that it has.
    pub(super) fn holds_at_once(&mut self, node: NodeNumber) -> bool {
        if self.held.iter().any(|(other, _)| *other == node) {
            return true;
        }
        if self.dedicated.is_some() {
            return self.held(node).is_ok();
        }
        let pool = self.pools.living(node);
        let taken = pool.and_then(|pool| Pooled::take_idle(&pool));
        self.held.extend(taken.map(|pooled| (node, pooled)));
        self.held.last().is_some_and(|(other, _)| *other == node)
    }

    fn take(&self, node: NodeNumber) -> RedisResult<Pooled> {
        let mut tries = 0;
        loop {
            tries += 1;
            let pool = self.pools.pool(node)?;
            let taken = match self.dedicated {
                Some(deadline) => {
                    let component = self.component.clone();
                    Pooled::open_dedicated(&pool, move || has_moved(component.as_deref()), deadline)
                }
                None => Pooled::take(&pool),
            };
            match taken {
                Ok(pooled) => return Ok(pooled),
                // The pool has closed itself. The next turn opens another, or says why it cannot.
                Err(Exhausted::Failed(_)) if tries == 1 && pool.is_closed() => {}
                Err(exhausted) => {
                    self.pools.refresh(None);
                    return Err(exhausted
                        .into_error(&self.pools.subject, &pool.address(), self.pools.is_fixed)
                        .into());
                }
            }
        }
    }

    /// Gives the connection to a node back, if the call's session does not need it.
    pub(super) fn release(&mut self, node: NodeNumber) {
        self.held.retain(|(other, _)| *other != node);
    }

    pub(super) fn refusal(
        &self,
        reply: &Value,
        is_script: bool,
        node: NodeNumber,
    ) -> Option<Refusal> {
        let Value::ServerError(_) = reply else {
            return None;
        };
        refusal(reply, is_script, &self.pools.map().table.address(node)?)
    }

    /// Notes how a request ended. After a failure nobody knows what the session is.
    pub(super) fn note<T>(&mut self, result: RedisResult<T>) -> RedisResult<T> {
        if result.as_ref().is_err_and(RedisError::is_io_error) {
            self.is_broken = true;
            self.pools.refresh(None);
        }
        result
    }

    pub(super) fn left(&self, started: Tick) -> Duration {
        self.pools
            .timeouts
            .response
            .saturating_sub(started.elapsed())
    }

    /// Makes the pause before something is sent again. Returns the time that is left, if that is of
    /// use.
    pub(super) fn pause_before(
        &self,
        pace: &mut Pace,
        started: Tick,
        next: Option<Target>,
    ) -> Option<Duration> {
        let knows_best = next
            .filter(|target| !target.is_asking)
            .map(|target| target.node);
        self.pools.refresh(knows_best);
        self.has_time(started, pace.next(next.is_some()))
    }

    pub(super) fn has_time(&self, started: Tick, pause: Option<Duration>) -> Option<Duration> {
        let pause = pause.unwrap_or_default();
        if pause >= self.left(started) || has_moved(self.component.as_deref()) {
            return None;
        }
        thread::sleep(pause);
        Some(self.left(started)).filter(|left| !left.is_zero())
    }
}
