//! Servers that are reached over TLS, and what is refused.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(feature = "tls")]

mod certificates;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod connections;
mod files;
mod moves;
mod policy;
mod refusals;
mod sentinels;
