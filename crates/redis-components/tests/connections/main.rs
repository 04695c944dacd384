//! The connections that functions are given.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod after_move;
mod after_move_blocking;
mod blocking;
#[path = "../common/mod.rs"]
mod common;
mod cut;
mod dedicated;
mod given_up;
mod manifests;
mod raw;
mod refused_transactions;
mod several;
mod shared_sessions;
mod subscribers;
