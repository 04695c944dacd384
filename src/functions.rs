//! The application's Redis functions, written by hand: each takes its connection as the first argument.

pub mod articles;
mod clock;
mod fields;
mod hourly;
pub mod logs;
pub mod statistics;
pub mod visits;
