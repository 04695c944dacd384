//! R14: each process says, per component and after the effect, which config it runs, and why it is
//! not the newest.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::exit, reason = "these are tests")]

mod board;
#[path = "../forks/child.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod child;
#[path = "../common/mod.rs"]
mod common;
mod control;
mod ends;
#[path = "../events/log.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod log;
mod names;
mod outages;
mod processes;
mod rights;
mod shared_key;
mod states;
