//! Where a subscriber has to be.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;

use super::line::Line;
use super::subscriptions::Subscriptions;
use crate::clock::Wait;
use crate::connection::line::Shared;
use crate::error::Error;
use crate::slot::Slot;
use crate::slot::executor::OnRuntime;
use crate::transport::node::Node;

/// The component of a subscriber.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) slot: Arc<Slot>,
    pub(super) wait: Wait,
    /// Whether the subscriber goes where the component goes.
    pub(super) follows: bool,
}

/// What a look has found.
pub(super) enum Found {
    /// The component is where it was.
    Same,
    /// A line on which everything is subscribed.
    Next(Box<Line>),
}

impl Home {
    /// Looks where the component is. Subscribes there to everything on the list if that is not the
    /// `current` server of the current client. A client is replaced at its age too, because its name
    /// may lead elsewhere by then.
    pub(super) async fn look(
        self,
        current: Option<(Shared, Arc<Node>)>,
        list: Subscriptions,
    ) -> Result<Found, Error> {
        let executor = OnRuntime::demand()?;
        let shared = self.slot.acquire(&executor, self.wait).await?;
        if let Some((client, node)) = current
            && Arc::ptr_eq(&client, &shared)
            && shared.client.has(node.address())
        {
            return Ok(Found::Same);
        }
        let line = Line::open(shared, list).await?;
        Ok(Found::Next(Box::new(line)))
    }

    /// Returns the number of what is known of the component's config.
    pub(super) fn revision(&self) -> u64 {
        self.slot.watched().revision()
    }

    /// Returns a line to the component's current server.
    pub(super) async fn first_line(self) -> Result<Line, Error> {
        let executor = OnRuntime::demand()?;
        let shared = self.slot.acquire(&executor, self.wait).await?;
        let first = Line::open(Arc::clone(&shared), Subscriptions::default()).await;
        if first.is_err() && shared.client.is_closed() {
            // Its server was left meanwhile.
            let shared = self.slot.acquire(&executor, self.wait).await?;
            return Line::open(shared, Subscriptions::default()).await;
        }
        first
    }

    /// Waits until the component may have moved from that client's server, or more is known of it
    /// than at that revision.
    pub(super) async fn news(self, shared: Shared, revision: u64) {
        let watched = self.slot.watched();
        // Calls of others may be few, and configs may be polled.
        let _following = watched.follow();
        let revised = pin!(watched.revised(revision));
        select(revised, pin!(shared.moved())).await;
    }

    /// Returns how long a server that the component has left is listened to: for `wait`, in which
    /// calls may still begin there, and a second for such a call to publish.
    pub(super) fn lingers(&self, wait: Duration) -> Duration {
        const LONGEST_WAIT: Duration = Duration::from_secs(5);
        const CALL: Duration = Duration::from_secs(1);
        (wait.min(LONGEST_WAIT) + CALL).min(self.slot.drain_deadline())
    }
}
