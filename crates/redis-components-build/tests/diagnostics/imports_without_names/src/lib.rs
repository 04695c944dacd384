use std::fmt::Write as _;

redis_components::include_components!();

pub fn run() {
    use redis::Commands as _;
}
