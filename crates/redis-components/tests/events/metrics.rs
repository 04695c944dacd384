//! What is counted, and that an event and its metric agree.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use redis_components::__private::begin;
use redis_components::status;

use crate::common::{World, arrives, declare, until, whereabouts};
use crate::log::{is_told, lines, listen};

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
async fn r5_swaps_refusals_and_losses_are_reported_once_and_without_secrets() {
    listen();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();

    let world = World::start();
    let server = format!("127.0.0.1:{}", world.config.port());
    let logs = declare("metered", Duration::from_millis(20));
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
            arrives(logs, "b").await;
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
            is_told(&["config server is lost", &server]).await;
            world.config.restart();
            world.set(logs, &on_b);
            is_told(&["config server is back", &server]).await;

            let _ = begin(logs, "log_recent").finish(Ok::<_, ()>(()));
            let _ = begin(logs, "log_recent").finish(Err::<(), _>(()));
            drop(begin(logs, "log_recent"));
        })
        .await;

    let (a, b) = (
        format!("127.0.0.1:{}", world.a.port()),
        format!("127.0.0.1:{}", world.b.port()),
    );
    for told in [
        &["INFO", "config in force", "metered", "generation=1", &a][..],
        &["INFO", "config in force", "metered", "generation=2", &b, &a],
        &["WARN", "no config", logs.key(), "`host` has white space"],
        &["WARN", "config server is lost", &server],
    ] {
        assert_eq!(lines(told).len(), 1, "{told:?}: {:#?}", lines(&[]));
    }
    assert_eq!(lines(&["S3CR3T"]), [""; 0]);
    assert_eq!(lines(&["\n"]), [""; 0]);

    let figures = figures(&snapshotter);
    for (name, expected) in [
        (
            "redis_components_swaps_total component=metered reason=config",
            2.0,
        ),
        (
            "redis_components_generation component=metered key=config:redis:metered",
            2.0,
        ),
        (
            "redis_components_configs_refused_total key=config:redis:metered kind=ConfigInvalid",
            1.0,
        ),
        (
            "redis_components_calls_total component=metered function=log_recent outcome=success",
            1.0,
        ),
        (
            "redis_components_calls_total component=metered function=log_recent outcome=failure",
            1.0,
        ),
        (
            "redis_components_calls_total component=metered function=log_recent outcome=unfinished",
            1.0,
        ),
        (
            "redis_components_call_duration_seconds component=metered function=log_recent",
            3.0,
        ),
    ] {
        assert_eq!(figures.get(name), Some(&expected), "{name}: {figures:#?}");
    }
    let up = format!("redis_components_config_server_up server={server}");
    assert_eq!(figures.get(&up), Some(&1.0), "{figures:#?}");
}
