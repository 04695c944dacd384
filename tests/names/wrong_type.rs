fn main() {
    drop(app::statistics::update_counter("hits", "one"));
}
