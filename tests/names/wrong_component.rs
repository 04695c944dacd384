fn main() {
    drop(app::lgos::log_recent("main", "User 235 logged in"));
}
