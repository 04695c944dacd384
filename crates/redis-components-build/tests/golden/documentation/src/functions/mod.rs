//! Written by hand.
pub mod documentation;
