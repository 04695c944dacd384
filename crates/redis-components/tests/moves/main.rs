//! What happens to calls, and to what they use, when a component moves.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod calls;
mod changing;
#[path = "../common/mod.rs"]
mod common;
mod draining;
mod idle;
mod switched_off;
mod under_load;
