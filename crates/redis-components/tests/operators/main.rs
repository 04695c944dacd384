//! What operators are given beside the code: it names the metrics that the code has.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod alerts;
#[path = "../common/mod.rs"]
mod common;
mod dashboard;
mod deployments;
mod names;
mod servers;
mod yaml;
