//! How the primary of a service is found: its sentinels say where it is.
//!
//! `replies` says what one sentinel means, `election` which of several is right. A `link` is the
//! connection to one, the `fleet` all of them, and the `watcher` asks them in rounds.

mod election;
mod fleet;
#[cfg(test)]
mod generated;
mod link;
mod replies;
pub(crate) mod watcher;
