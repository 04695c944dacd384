//! Calls whose answers only they can have.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis::RedisResult;
use redis_components::{Component, Scope, Settings};
use tokio::runtime::Runtime;

use crate::common::{SOON, World, declare};

pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Makes blocking calls, each with an answer that only it can have.
pub(crate) fn echo(component: &Component, who: &str, calls: u64) -> Result<String, String> {
    for number in 0..calls {
        let word = format!("{who} {number}");
        let mut connection = component.blocking_connection().map_err(text)?;
        let answer: RedisResult<String> = redis::cmd("ECHO").arg(&word).query(&mut connection);
        let answer = answer.map_err(text)?;
        if answer != word {
            return Err(format!("{word} was answered {answer}"));
        }
    }
    Ok(format!("{calls} right"))
}

/// Makes asynchronous calls, each with an answer that only it can have.
pub(crate) async fn echo_async(
    component: &Component,
    who: &str,
    calls: u64,
) -> Result<String, String> {
    for number in 0..calls {
        let word = format!("{who} {number}");
        let mut connection = component.connection().await.map_err(text)?;
        let asked = redis::cmd("ECHO").arg(&word).to_owned();
        let answer: RedisResult<String> = asked.query_async(&mut connection).await;
        let answer = answer.map_err(text)?;
        if answer != word {
            return Err(format!("{word} was answered {answer}"));
        }
    }
    Ok(format!("{calls} right"))
}

/// A parent that goes on calling from threads and tasks, and fails if an answer is wrong.
pub(crate) struct Parent {
    ended: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
    threads: Vec<thread::JoinHandle<Result<(), String>>>,
}

impl Parent {
    pub(crate) fn start(component: &'static Component) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicU64::new(0));
        let scope = Scope::current().unwrap();
        let threads = (0..4).map(|number| {
            let (ended, calls, scope) = (Arc::clone(&ended), Arc::clone(&calls), scope.clone());
            thread::spawn(move || {
                let runtime = Runtime::new().unwrap();
                let who = format!("parent {number}");
                while !ended.load(Ordering::Relaxed) {
                    if number % 2 == 0 {
                        scope.clone().run_blocking(|| echo(component, &who, 10))?;
                    } else {
                        runtime.block_on(scope.clone().run(echo_async(component, &who, 10)))?;
                    }
                    calls.fetch_add(10, Ordering::Relaxed);
                }
                Ok(())
            })
        });
        let parent = Self {
            threads: threads.collect(),
            ended,
            calls,
        };
        parent.goes_on(100);
        parent
    }

    pub(crate) fn goes_on(&self, calls: u64) {
        let enough = self.calls.load(Ordering::Relaxed) + calls;
        let begun = Instant::now();
        while self.calls.load(Ordering::Relaxed) < enough {
            assert!(begun.elapsed() < SOON, "the parent stands still");
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn end(self) {
        self.goes_on(100);
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    }
}

/// The ways to say where a component is, with the same component on server `a`.
pub(crate) fn all_settings(world: &World, logs: &Component) -> [(&'static str, Settings); 3] {
    world.move_to(logs, &world.a);
    [
        ("push", world.settings()),
        ("poll", world.settings().push(false)),
        ("fixed", Settings::fixed([("logs", world.a.url())])),
    ]
}

pub(crate) fn logs() -> &'static Component {
    declare("logs", Duration::from_secs(1))
}
