//! A server whose answers are the test's.

pub(crate) mod fault;
mod reply;
mod request;
pub(crate) mod server;
mod session;
mod state;
