//! The reference application of redis-components.

pub mod access_time;
pub mod functions;
pub mod replication;

redis_components::include_components!();
