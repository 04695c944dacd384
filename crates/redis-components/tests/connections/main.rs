//! The connections that functions are given.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod blocking;
#[path = "../common/mod.rs"]
mod common;
mod dedicated;
mod manifests;
mod raw;
mod several;
mod subscribers;
