//! The client that the threads of a process share: a pool of connections.

mod connection;
mod growth;
mod places;
pub(crate) mod pool;
pub(crate) mod pooled;
pub(crate) mod session;
