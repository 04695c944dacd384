//! The functions that are called: one of *Redis in Action*, one that tells its server, and one for
//! a cluster.

pub mod logs;
pub mod logs_blocking;
pub mod moving;
pub mod values;
pub mod values_blocking;
