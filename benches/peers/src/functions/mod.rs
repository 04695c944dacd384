//! The functions that are called: one of *Redis in Action*, and one that tells its server.

pub mod logs;
pub mod logs_blocking;
pub mod moving;
