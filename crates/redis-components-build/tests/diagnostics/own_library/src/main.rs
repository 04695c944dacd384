redis_components::include_components!();

fn main() {
    the_app::run();
}
