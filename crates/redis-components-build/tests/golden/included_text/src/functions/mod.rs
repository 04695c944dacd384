//! Written by hand.
pub mod conditional_file;
pub mod included;
