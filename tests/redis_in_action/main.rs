//! The functions of *Redis in Action*, called as the application calls them: without a connection.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access_time;
mod articles;
mod autocomplete;
mod locations;
mod locks;
mod market;
mod memory;
mod queues;
mod replication;
mod semaphores;
mod settings;
mod statistics;
mod statuses;
mod users;

use std::future::Future;
use std::time::{Duration, Instant};

use redis::FromRedisValue;
use redis_components::{Scope, Settings};
use redis_components_testing::Server;

/// Ten times what the slowest of these takes on a busy machine with two cores.
const SOON: Duration = Duration::from_secs(10);

/// Components on a server, without a config server.
fn components<const N: usize>(names: [&str; N], server: &Server) -> Settings {
    patient(Settings::fixed(names.map(|name| (name, server.url()))))
}

/// What is slow on a busy machine is no fault here.
fn patient(settings: Settings) -> Settings {
    settings.connect_timeout(SOON).response_timeout(SOON)
}

/// What a server answers to a command of the test's own.
fn ask<T: FromRedisValue>(server: &Server, command: &[&str]) -> T {
    redis::from_redis_value(server.command(command)).unwrap()
}

/// Runs calls in tasks of their own, all at once, and returns what came of them.
async fn at_once<F>(calls: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|call| tokio::spawn(Scope::wrap(call)))
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// Waits until the condition holds.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
