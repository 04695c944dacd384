//! The functions.

pub mod generated;
