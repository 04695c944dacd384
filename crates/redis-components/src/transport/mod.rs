//! How a server is reached. Only here are addresses resolved, sockets opened, and clients logged in
//! and probed.
//!
//! Shared, dedicated and blocking connections, subscribers and the config server all come through
//! here.

mod admission;
pub(crate) mod asynchronous;
pub(crate) mod blocking;
mod blocking_socket;
pub(crate) mod bounded;
mod connect;
pub(crate) mod contents;
pub(crate) mod deadline;
pub(crate) mod demand;
pub(crate) mod ends;
pub(crate) mod error_codes;
pub(crate) mod failure;
mod file_gate;
#[cfg(test)]
pub(crate) mod generated;
mod handshake;
pub(crate) mod multiplexer;
pub(crate) mod no_primary;
#[cfg(not(feature = "sentinel"))]
pub(crate) mod no_sentinel;
pub(crate) mod node;
mod on_thread;
mod question;
pub(crate) mod redis_rs;
pub(crate) mod reply_bounds;
mod reply_scan;
mod resolve;
pub(crate) mod role;
#[cfg(feature = "sentinel")]
pub(crate) mod sentinel;
pub(crate) mod shared_socket;
mod special_addresses;
mod stream;
pub(crate) mod subscriber;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_failure;
#[cfg(feature = "tls")]
mod tls_verifier;
pub(crate) mod transaction;
mod unix;

#[cfg(not(feature = "sentinel"))]
pub(crate) use self::no_sentinel as sentinel;
