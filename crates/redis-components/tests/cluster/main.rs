//! Components whose data is in a Redis Cluster.

#![cfg(feature = "cluster")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod ages;
mod blocking;
mod clones;
#[path = "../common/mod.rs"]
mod common;
mod dedicated;
mod failures;
mod fake;
mod faults;
mod migrations;
mod moves;
mod replicas;
mod resent;
mod routing;
mod seeds;
mod sessions;
mod setup;
