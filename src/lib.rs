//! The reference application of redis-components.

pub mod access_time;
pub mod functions;

redis_components::include_components!();
