//! The example `web`, as its users meet it: over HTTP, and in a browser.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod browser;
mod chromium;
mod http;
mod service;

use std::time::{Duration, Instant};

/// Ten times what the slowest of these takes on a busy machine with two cores.
const SOON: Duration = Duration::from_secs(20);

/// Waits until the condition holds.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
