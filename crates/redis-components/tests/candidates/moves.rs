//! Moves of the data, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::RedisResult;
use redis_components::{Component, Scope};

use crate::common::{HOUR, declare};
use crate::pair::{Pair, is_ready};

const TASKS: usize = 16;
const THREADS: usize = 4;

/// A caller's own counter.
struct Counter {
    key: String,
    acknowledged: AtomicU64,
}

/// Callers that count without pause until told to stop.
struct Load {
    counters: Vec<Arc<Counter>>,
    stop: Arc<AtomicBool>,
    longest: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(component: &'static Component) -> Self {
        let mut load = Self {
            counters: Vec::new(),
            stop: Arc::default(),
            longest: Arc::default(),
            tasks: Vec::new(),
        };
        for number in 0..TASKS + THREADS {
            let counter = Arc::new(Counter {
                key: format!("counter:{number}"),
                acknowledged: AtomicU64::new(0),
            });
            load.counters.push(Arc::clone(&counter));
            let (stop, longest) = (Arc::clone(&load.stop), Arc::clone(&load.longest));
            let note = move |begun: Instant, counted: RedisResult<u64>| {
                let counted = counted.unwrap();
                // Each increment is counted once, in order.
                assert_eq!(
                    counted,
                    counter.acknowledged.fetch_add(1, Ordering::Relaxed) + 1
                );
                let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
                longest.fetch_max(took, Ordering::Relaxed);
            };
            let key = load.counters[number].key.clone();
            load.tasks.push(if number < TASKS {
                tokio::spawn(Scope::wrap(async move {
                    while !stop.load(Ordering::Relaxed) {
                        note(Instant::now(), count(component, &key).await);
                    }
                }))
            } else {
                let scope = Scope::current().unwrap();
                tokio::task::spawn_blocking(move || {
                    scope.run_blocking(|| {
                        while !stop.load(Ordering::Relaxed) {
                            note(Instant::now(), count_blocking(component, &key));
                        }
                    });
                })
            });
        }
        load
    }

    /// Returns the acknowledged counts by key.
    async fn end(self) -> Vec<(String, u64)> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        let counts = self.counters.iter();
        counts
            .map(|counter| {
                (
                    counter.key.clone(),
                    counter.acknowledged.load(Ordering::Relaxed),
                )
            })
            .collect()
    }
}

async fn count(component: &Component, key: &str) -> RedisResult<u64> {
    let mut connection = component.connection().await?;
    let mut incr = redis::cmd("INCR");
    incr.arg(key).query_async(&mut connection).await
}

fn count_blocking(component: &Component, key: &str) -> RedisResult<u64> {
    let mut connection = component.blocking_connection()?;
    redis::cmd("INCR").arg(key).query(&mut connection)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_ten_moves_there_and_back_lose_nothing_and_fail_no_call() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let load = Load::start(logs);
            let mut primary = 0;
            for number in 0..20 {
                let id = format!("move-{number}");
                pair.offer(logs, 1 - primary, &id);
                is_ready(&id).await;
                pair.fail_over_from(primary).await;
                primary = 1 - primary;
                // Calls go on before the config says where the data is.
                let before = load.counters[0].acknowledged.load(Ordering::Relaxed);
                crate::common::until("calls go on", async || {
                    load.counters[0].acknowledged.load(Ordering::Relaxed) > before + 10
                })
                .await;
                pair.set(logs, primary);
                pair.is_in_step(primary).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let longest = load.longest.load(Ordering::Relaxed);
            for (key, acknowledged) in load.end().await {
                let counted = pair.servers[primary].command(&["GET", &key]);
                let counted: u64 = redis::from_redis_value(counted).unwrap();
                assert_eq!(counted, acknowledged, "{key}");
                assert!(counted > 100, "{key}: {counted}");
            }
            println!("figure: longest call of 20 moves: {longest} us");
        })
        .await;
}
