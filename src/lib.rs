//! The reference application of redis-components.

pub mod functions;
