//! How a server is reached. Only here are addresses resolved, sockets opened, and clients logged in
//! and probed.
//!
//! Shared, dedicated and blocking connections, subscribers and the config server all come through
//! here.

pub(crate) mod asynchronous;
pub(crate) mod blocking;
pub(crate) mod deadline;
pub(crate) mod error_codes;
pub(crate) mod failure;
mod handshake;
pub(crate) mod node;
pub(crate) mod redis_rs;
mod resolve;
mod tcp;
