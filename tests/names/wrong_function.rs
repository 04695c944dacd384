fn main() {
    drop(app::logs::log_recnt("main", "User 235 logged in"));
}
