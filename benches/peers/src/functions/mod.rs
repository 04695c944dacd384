//! What is called: one function of *Redis in Action*, and one that tells which server it is on.

pub mod logs;
pub mod logs_blocking;
pub mod moving;
