//! Generates the contestant that is ours.

fn main() {
    redis_components_build::compile("components.toml");
}
