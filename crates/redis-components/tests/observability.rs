//! What operators see: events and metrics. One test, because there is one recorder and one subscriber in a process.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{World, declare, until, whereabouts};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use redis_components::__private::begin;
use redis_components::status;

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Lines in which all of this stands.
    fn count(&self, words: &[&str]) -> usize {
        let has_all = |line: &&String| words.iter().all(|word| line.contains(word));
        self.lines().iter().filter(has_all).count()
    }
}

/// Counters and gauges by name and labels.
fn figures(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key
                .key()
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let name = format!("{} {}", key.key().name(), labels.join(" "));
            match value {
                DebugValue::Counter(value) => (name, f64::from(u32::try_from(value).unwrap())),
                DebugValue::Gauge(value) => (name, value.into_inner()),
                DebugValue::Histogram(values) => {
                    (name, f64::from(u32::try_from(values.len()).unwrap()))
                }
            }
        })
        .collect()
}

#[tokio::test]
async fn swaps_refusals_and_losses_are_reported_once_and_without_secrets() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();

    let world = World::start();
    let logs = declare("logs", Duration::from_millis(20));
    world
        .b
        .command(&["CONFIG", "SET", "requirepass", "S3CR3T-7f"]);
    let on_b = format!(
        r#"{{"host":"127.0.0.1","port":{},"password":"S3CR3T-7f"}}"#,
        world.b.port()
    );
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            whereabouts(logs).await.unwrap();
            world.set(logs, &on_b);
            until("the move is seen", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            // One that cannot be used, and is asked for many times; its host would end the line.
            world.set(
                logs,
                r#"{"host":"evil\n[ERROR] forged","password":"S3CR3T-7f"}"#,
            );
            until("it is refused", async || {
                whereabouts(logs).await.unwrap();
                status().components[0].problem.is_some()
            })
            .await;
            for _ in 0..100 {
                whereabouts(logs).await.unwrap();
            }
            world.config.stop();
            until("the loss is seen", async || {
                log.count(&["config server is lost"]) > 0
            })
            .await;
            world.config.restart();
            world.set(logs, &on_b);
            until("it is back", async || {
                log.count(&["config server is back"]) > 0
            })
            .await;

            let _ = begin(logs, "log_recent").finish(Ok::<_, ()>(()));
            let _ = begin(logs, "log_recent").finish(Err::<(), _>(()));
            drop(begin(logs, "log_recent"));
        })
        .await;

    let (a, b) = (
        format!("127.0.0.1:{}", world.a.port()),
        format!("127.0.0.1:{}", world.b.port()),
    );
    assert_eq!(
        log.count(&["INFO", "config in force", "logs", "generation=1", &a]),
        1
    );
    assert_eq!(
        log.count(&["INFO", "config in force", "logs", "generation=2", &b, &a]),
        1
    );
    assert_eq!(
        log.count(&[
            "WARN",
            "no config",
            "config:redis:logs",
            "`host` has white space"
        ]),
        1
    );
    assert_eq!(log.count(&["WARN", "config server is lost"]), 1);
    assert_eq!(log.count(&["S3CR3T"]), 0, "{:#?}", log.lines());
    assert!(log.lines().iter().all(|line| !line.starts_with("[ERROR]")));

    let figures = figures(&snapshotter);
    for (name, expected) in [
        ("redis_components_swaps_total component=logs", 2.0),
        ("redis_components_generation component=logs", 2.0),
        (
            "redis_components_configs_refused_total key=config:redis:logs kind=ConfigInvalid",
            1.0,
        ),
        (
            "redis_components_calls_total component=logs function=log_recent outcome=success",
            1.0,
        ),
        (
            "redis_components_calls_total component=logs function=log_recent outcome=failure",
            1.0,
        ),
        (
            "redis_components_calls_total component=logs function=log_recent outcome=unfinished",
            1.0,
        ),
        (
            "redis_components_call_duration_seconds component=logs function=log_recent",
            3.0,
        ),
    ] {
        assert_eq!(figures.get(name), Some(&expected), "{name}: {figures:#?}");
    }
    let up = format!(
        "redis_components_config_server_up server=127.0.0.1:{}",
        world.config.port()
    );
    assert_eq!(figures.get(&up), Some(&1.0), "{figures:#?}");
}
