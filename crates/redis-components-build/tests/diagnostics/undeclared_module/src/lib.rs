pub mod functions;

redis_components::include_components!();
