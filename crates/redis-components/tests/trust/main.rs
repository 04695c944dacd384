//! A config, a config server and a data server that are not to be trusted.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod canary;
mod canary_echoes;
mod canary_references;
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod policy;
mod rights;
