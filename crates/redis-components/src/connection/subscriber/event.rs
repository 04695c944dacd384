//! What a subscriber hears.

use redis::Msg;

use crate::error::Error;

/// What a [`Subscriber`](crate::Subscriber) hears.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SubscriberEvent {
    /// A message.
    Message(Msg),
    /// The connection was lost. The subscriber connects and subscribes again, and
    /// [`Resubscribed`](Self::Resubscribed) follows when it has.
    Lost(Error),
    /// All subscriptions are in force on the component's current server, over a new connection: the
    /// component has moved there, the connection was lost, its [age](crate::Settings::max_connection_age)
    /// was reached, or its node has left the cluster.
    #[non_exhaustive]
    Resubscribed {
        /// The [generation](crate::Connection::generation) of the config that names the server.
        generation: u64,
        /// Whether the connection was lost or its node had left the cluster, so that messages were
        /// missed if there were any. Otherwise no message is missed that was published on the new
        /// server after the subscription there. If one of the two servers replicates the other, no
        /// message is missed at all, and some may come twice.
        gap: bool,
    },
}

impl SubscriberEvent {
    /// Returns the message, if it is one.
    #[must_use]
    pub fn into_message(self) -> Option<Msg> {
        match self {
            Self::Message(message) => Some(message),
            Self::Lost(_) | Self::Resubscribed { .. } => None,
        }
    }

    /// Returns `true` if messages may have been missed because the connection was lost.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        matches!(self, Self::Resubscribed { gap: true, .. })
    }
}
