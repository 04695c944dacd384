//! What a candidate leaves behind when its settings end. Alone in its file, because it counts the
//! threads of the whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::fs;
use std::time::Duration;

use redis_components::status;
use serde_json::json;

use common::impostors::{impostor, tarpit};
use common::{World, declare, until_blocking, whereabouts_blocking};

/// Returns how many threads of this process are the runtime's.
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    // The kernel keeps fifteen characters of a name.
    names
        .filter(|name| name.trim() == "redis-component")
        .count()
}

#[test]
fn r15_an_attempt_at_a_candidate_ends_with_the_settings() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    let silent = format!("127.0.0.1:{}", impostor(tarpit));
    let config = json!({"sentinels": [silent], "service_name": "main"});
    let control = json!({"prepare": {"logs": {"id": "m1", "config": config}}}).to_string();
    let key = "config:redis:@fleet";
    world.config.command(&["SET", key, &control]);
    world.settings().scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        until_blocking("a thread waits for the sentinels", || {
            let candidate = status().components[0].candidate.clone();
            // The watch's, the one that makes its reports, and the one that connects.
            candidate.is_some_and(|candidate| candidate.problem.is_none()) && threads() >= 3
        });
    });
    until_blocking("all threads end", || threads() == 0);
}
