pub mod functions;
mod prelude;
redis_components::include_components!();
