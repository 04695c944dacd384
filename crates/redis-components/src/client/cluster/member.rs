//! The client of one node, opened when it is used first and again when it has ended.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::gate::{Gate, Step};
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// How the clients of nodes are opened.
pub(crate) trait Opener: Send + Sync + 'static {
    type Client: Send + Sync + 'static;

    /// Opens a client in the background, so that a caller that gives up does not end it for the
    /// others.
    fn open(&self, node: Arc<Node>, attempt: Attempt<Self::Client>);

    /// Returns `true` if calls need another client.
    fn is_closed(client: &Self::Client) -> bool;

    /// Returns why a client ended if it ended too young. Only the first caller is told.
    fn take_early_end(client: &Self::Client) -> Option<Failure>;
}

/// One node of a cluster, and its client on one executor.
pub(crate) struct Member<C> {
    node: Arc<Node>,
    client: ArcSwapOption<C>,
    gate: Mutex<Gate>,
}

/// An attempt to open a member's client. If it is dropped, it has failed.
pub(crate) struct Attempt<C> {
    member: Arc<Member<C>>,
    is_finished: bool,
    /// Wakes waiting callers when it is dropped.
    _over: watch::Sender<()>,
}

impl<C: Send + Sync + 'static> Member<C> {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            client: ArcSwapOption::empty(),
            gate: Mutex::new(Gate::new()),
        }
    }

    /// Returns the client, living or not.
    pub(super) fn last(&self) -> Option<Arc<C>> {
        self.client.load_full()
    }

    /// Returns the client, if it lives.
    #[inline]
    pub(super) fn living<O: Opener<Client = C>>(&self) -> Option<Arc<C>> {
        self.client
            .load_full()
            .filter(|client| !O::is_closed(client))
    }

    /// Returns the client. Opens it if there is none that lives.
    ///
    /// # Errors
    ///
    /// Returns an error if the node cannot be used: at once, if that was found out just now.
    pub(super) async fn get<O: Opener<Client = C>>(
        self: &Arc<Self>,
        opener: &O,
    ) -> Result<Arc<C>, Failure> {
        let begun = Instant::now();
        loop {
            if let Some(client) = self.living::<O>() {
                return Ok(client);
            }
            let step = {
                let mut gate = self.gate();
                if self.living::<O>().is_some() {
                    continue;
                }
                if let Some(ended) = self.client.swap(None) {
                    gate.note_end(O::take_early_end(&ended));
                }
                gate.step(begun)
            };
            let mut over = match step {
                Step::Fail(failure) => return Err(failure),
                Step::Wait(over) => over,
                Step::Open(sender) => {
                    let over = sender.subscribe();
                    let attempt = Attempt {
                        member: Arc::clone(self),
                        is_finished: false,
                        _over: sender,
                    };
                    opener.open(Arc::clone(&self.node), attempt);
                    over
                }
            };
            // The sender never sends. The error says that it is gone.
            let _ = over.changed().await;
        }
    }

    /// Returns why the last attempt to open a client failed, if it did.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.gate().failure().cloned()
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // Nothing that panics runs under this lock.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Attempt<C> {
    /// Hands the client to callers, or the reason why there is none.
    pub(crate) fn finish(mut self, opened: Result<C, Failure>) {
        self.end(opened);
    }

    fn end(&mut self, opened: Result<C, Failure>) {
        self.is_finished = true;
        let mut gate = self
            .member
            .gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match opened {
            Ok(client) => {
                self.member.client.store(Some(Arc::new(client)));
                gate.finish(None);
            }
            Err(failure) => gate.finish(Some(failure)),
        }
    }
}

impl<C> Drop for Attempt<C> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.end(Err(Failure::runtime_ended()));
        }
    }
}

impl<C> fmt::Debug for Member<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
