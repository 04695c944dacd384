//! The reference application of redis-components.

pub mod functions;

redis_components::include_components!();
