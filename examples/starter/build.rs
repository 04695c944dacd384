fn main() {
    redis_components_build::compile("components.toml");
}
