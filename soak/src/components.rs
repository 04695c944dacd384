//! The generated modules of the components.

redis_components::include_components!();
