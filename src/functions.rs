//! The application's Redis functions, written by hand. Each takes its connection as the first
//! argument.

pub mod articles;
pub mod autocomplete;
mod clock;
mod fields;
mod hourly;
pub mod locations;
pub mod locks;
pub mod logs;
pub mod market;
pub mod memory;
pub mod queues;
pub mod replication;
pub mod semaphores;
pub mod settings;
pub mod statistics;
pub mod statuses;
mod token;
pub mod users;
pub mod visits;
