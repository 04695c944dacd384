//! The application's Redis functions, written by hand: each takes its connection as the first argument.

mod hourly;
pub mod logs;
pub mod statistics;
pub mod visits;
