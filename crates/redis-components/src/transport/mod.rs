//! How a server is reached. Only here are addresses resolved, sockets opened, and clients logged in
//! and probed.
//!
//! Shared, dedicated and blocking connections, subscribers and the config server all come through
//! here.

pub(crate) mod asynchronous;
pub(crate) mod blocking;
mod blocking_socket;
pub(crate) mod deadline;
pub(crate) mod error_codes;
pub(crate) mod failure;
#[cfg(feature = "tls")]
mod files;
mod handshake;
pub(crate) mod node;
mod on_thread;
pub(crate) mod redis_rs;
mod resolve;
mod stream;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_failure;
mod unix;
