//! The client that the threads of a process share: a pool of connections.

mod awaited;
mod connection;
pub(crate) mod exhausted;
mod growth;
mod places;
pub(crate) mod pool;
pub(crate) mod pooled;
pub(crate) mod queued;
pub(crate) mod session;
mod turn;
