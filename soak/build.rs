//! Generates the components' modules from `components.toml`.

fn main() {
    redis_components_build::compile("components.toml");
}
