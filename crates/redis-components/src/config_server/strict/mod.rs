//! Reads that calls send themselves, because their component has `wait = "0s"`.
//!
//! Each tokio runtime with such calls has a connection of its own to the config server, and all
//! threads share another. So a call need not wait until the watch's thread has been woken, has
//! read, and has woken the call.
//!
//! Such a read only confirms what the watch has read before. If the answer is another, or there is
//! none, the call asks the watch, as all other calls do. So only the watch's thread changes what is
//! known of a key, and only the watch decides which server is read.
//!
//! All connections belong to one connection of the watch ([`way`]) and are closed with it. One that
//! is not used for a while is closed before ([`rest`]).

pub(crate) mod answer;
mod batches;
mod destination;
mod lane;
pub(super) mod lanes;
mod line;
mod merged;
mod opening;
pub(super) mod reads;
mod rest;
mod threads;
mod way;
