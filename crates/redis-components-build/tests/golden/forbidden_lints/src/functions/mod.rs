//! Written by hand.
pub mod forbidden_lints;
