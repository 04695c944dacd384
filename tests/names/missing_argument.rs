fn main() {
    drop(app::logs::log_recent("main"));
}
