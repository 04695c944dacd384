//! Calls in the background, by tasks and by threads, and what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis_components::{Component, Scope};
use tokio::task::JoinHandle;

use super::until;

/// Who calls, and with what pause between two calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) tasks: usize,
    pub(crate) threads: usize,
    pub(crate) pause: Duration,
}

/// Tasks and threads, at a rate that leaves the machine room for what is measured.
pub(crate) const STEADY: Load = Load {
    tasks: 8,
    threads: 2,
    pause: Duration::from_millis(1),
};

/// Callers that call a component until they are told to stop.
pub(crate) struct Traffic {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<Vec<Call>>>,
    threads: Vec<thread::JoinHandle<Vec<Call>>>,
}

struct Shared {
    component: &'static Component,
    pause: Duration,
    stop: AtomicBool,
    calls: AtomicU64,
}

/// One call, which increments the counter of the server it runs on.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// The name of that server, or why it failed.
    pub(crate) outcome: Result<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Caller {
    Task,
    Thread,
}

impl Traffic {
    pub(crate) fn start(component: &'static Component, load: Load) -> Self {
        let shared = Arc::new(Shared {
            component,
            pause: load.pause,
            stop: AtomicBool::new(false),
            calls: AtomicU64::new(0),
        });
        let scope = Scope::current().expect("traffic is started in a scope");
        let tasks = (0..load.tasks)
            .map(|_| {
                let call = Arc::clone(&shared).call_until_stopped(Caller::Task);
                tokio::spawn(scope.clone().run(call))
            })
            .collect();
        let threads = (0..load.threads)
            .map(|_| {
                let call = Arc::clone(&shared).call_until_stopped(Caller::Thread);
                let scope = scope.clone();
                thread::spawn(move || scope.run_blocking(|| pollster::block_on(call)))
            })
            .collect();
        Self {
            shared,
            tasks,
            threads,
        }
    }

    /// Waits until so many more calls have ended.
    pub(crate) async fn goes_on(&self, calls: u64) {
        let ended = || self.shared.calls.load(Ordering::Relaxed);
        let enough = ended() + calls;
        until("the calls go on", async || ended() >= enough).await;
    }

    /// Ends the traffic and tells what became of each call.
    pub(crate) async fn stop(self) -> Vec<Call> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut calls = Vec::new();
        for task in self.tasks {
            calls.extend(task.await.unwrap());
        }
        for thread in self.threads {
            calls.extend(thread.join().unwrap());
        }
        calls
    }
}

impl Shared {
    async fn call_until_stopped(self: Arc<Self>, caller: Caller) -> Vec<Call> {
        let mut calls = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let outcome = match caller {
                Caller::Task => call(self.component).await,
                Caller::Thread => call_blocking(self.component),
            };
            calls.push(Call {
                caller,
                begun,
                ended: Instant::now(),
                outcome,
            });
            self.calls.fetch_add(1, Ordering::Relaxed);
            match caller {
                _ if self.pause.is_zero() => {}
                Caller::Task => tokio::time::sleep(self.pause).await,
                Caller::Thread => thread::sleep(self.pause),
            }
        }
        calls
    }
}

impl Call {
    pub(crate) fn took(&self) -> Duration {
        self.ended - self.begun
    }
}

/// Why calls failed.
pub(crate) fn failures(calls: &[Call]) -> Vec<&str> {
    calls
        .iter()
        .filter_map(|call| call.outcome.as_ref().err())
        .map(String::as_str)
        .collect()
}

/// What was measured, for people: shown where a test's output is.
pub(crate) fn figure(what: &str, durations: impl IntoIterator<Item = Duration>) {
    let mut sorted: Vec<_> = durations.into_iter().collect();
    sorted.sort_unstable();
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    match sorted.len() {
        0 => println!("figure: {what}: none"),
        n => println!(
            "figure: {what}: p50 {:?}, p99 {:?}, max {:?} of {n}",
            at(0.5),
            at(0.99),
            at(1.0)
        ),
    }
}

async fn call(component: &Component) -> Result<String, String> {
    let mut connection = component
        .connection()
        .await
        .map_err(|error| error.to_string())?;
    let called: redis::RedisResult<(u64, String)> = counting().query_async(&mut connection).await;
    called
        .map(|(_, name)| name)
        .map_err(|error| error.to_string())
}

fn call_blocking(component: &Component) -> Result<String, String> {
    let mut connection = component
        .blocking_connection()
        .map_err(|error| error.to_string())?;
    let called: redis::RedisResult<(u64, String)> = counting().query(&mut connection);
    called
        .map(|(_, name)| name)
        .map_err(|error| error.to_string())
}

fn counting() -> redis::Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.cmd("INCR").arg("counter").cmd("GET").arg("name");
    pipeline
}
