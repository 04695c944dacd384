//! R10 at a server's limit of clients: a pool that cannot grow keeps what it has, and says why it does not grow.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod dedicated;
mod log;
mod pool;
mod reasons;
mod sockets;
