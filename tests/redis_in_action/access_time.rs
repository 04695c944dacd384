//! The exercise of 5.4.3: the context manager that needs no connection.

use std::time::Duration;

use app::access_time::{access_time, access_time_blocking};
use app::functions::statistics::SLOWEST;
use app::statistics::{get_stats, record_access_time, slowest_access_times};
use redis_components::Settings;
use redis_components_testing::Server;

use crate::{ask, components};

#[tokio::test]
async fn work_is_timed_and_its_outcome_passed_on() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            let pause = Duration::from_millis(20);
            let outcome: Result<u8, &str> = access_time("slow", async {
                tokio::time::sleep(pause).await;
                Err("failed")
            })
            .await;
            assert_eq!(outcome, Err("failed"));
            assert_eq!(access_time("fast", async { 1 }).await, 1);

            let slow = get_stats("slow", "AccessTime").await.unwrap().unwrap();
            assert_eq!(slow.totals.count, 1.0);
            assert!(slow.min >= pause.as_secs_f64(), "{slow:?}");
            let slowest = slowest_access_times().await.unwrap();
            let contexts: Vec<&str> = slowest
                .iter()
                .map(|(context, _)| context.as_str())
                .collect();
            assert_eq!(contexts, ["slow", "fast"]);
            assert!(slowest[0].1 >= pause);
        })
        .await;
}

#[test]
fn blocking_work_is_timed_without_a_runtime() {
    let server = Server::start();
    hold_the_hour(&server, "page");
    components(["statistics"], &server).scope_blocking(|| {
        assert_eq!(access_time_blocking("page", || 1), 1);
        assert_eq!(access_time_blocking("page", || 2), 2);
        let count: f64 = ask(&server, &["ZSCORE", "stats:page:AccessTime", "count"]);
        assert_eq!(count, 2.0);
    });
}

#[tokio::test]
async fn the_slowest_are_by_average_and_a_hundred() {
    let server = Server::start();
    hold_the_hour(&server, "page105");
    components(["statistics"], &server)
        .scope(async {
            for number in 1..=SLOWEST as u64 + 5 {
                let context = format!("page{number}");
                record_access_time(&context, Duration::from_millis(number))
                    .await
                    .unwrap();
            }
            record_access_time("page105", Duration::from_millis(1))
                .await
                .unwrap();
            let slowest = slowest_access_times().await.unwrap();
            assert_eq!(slowest.len(), 100);
            assert_eq!(slowest[0].0, "page104");
            let average = slowest.iter().find(|(context, _)| context == "page105");
            assert_eq!(average.unwrap().1, Duration::from_millis(53));
            assert!(slowest.iter().all(|(context, _)| context != "page5"));
        })
        .await;
}

#[tokio::test]
async fn work_does_not_suffer_where_nothing_can_be_recorded() {
    Settings::fixed::<&str, &str>([])
        .scope(async {
            assert_eq!(access_time("page", async { 1 }).await, 1);
            assert_eq!(access_time_blocking("page", || 2), 2);
        })
        .await;
}

/// Keeps the hour from turning in the middle of a test.
fn hold_the_hour(server: &Server, context: &str) {
    let start = format!("stats:{context}:AccessTime:start");
    server.command(&["SET", &start, "2999-01-01T00:00:00Z"]);
}
