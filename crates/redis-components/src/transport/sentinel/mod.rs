//! How the primary of a service is found: its sentinels say where it is.
//!
//! `replies` says what one sentinel means, `deployments` which of several watch the service that is
//! meant, and `election` which of those is right. A `link` is the connection to one, the `fleet` all
//! of them, and the `watcher` asks them in rounds.

mod deployments;
mod election;
mod fleet;
#[cfg(test)]
mod generated;
mod link;
mod member;
mod names;
mod replies;
pub(crate) mod watcher;
