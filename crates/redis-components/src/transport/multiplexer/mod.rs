//! A connection that many calls share at once.
//!
//! Callers append their requests to one buffer, and one driver moves the bytes of all of them. A
//! caller that is alone writes itself. Replies come in the order of the requests and go into
//! slots, so that a caller that has gone takes nobody's reply.

mod awaited;
mod call;
pub(crate) mod connection;
mod driver;
pub(super) mod incoming;
mod shared;
mod slots;
#[cfg(test)]
mod tests;
