//! Configs that lead nowhere, and what an operator reads then: which component, which key, which
//! server, why, and what to do.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(all(feature = "tls", feature = "sentinel", feature = "cluster"))]

mod advice;
mod certificates;
mod clusters;
#[path = "../common/mod.rs"]
mod common;
mod plain_text;
mod refused;
mod sentinels;
