pub mod logs;
mod settings;

redis_components::include_components!();
