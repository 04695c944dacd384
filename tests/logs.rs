//! Recent and common log messages, called with a connection.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use app::functions::logs::{
    RECENT_MESSAGES, Severity, log_common, log_recent, log_recent_at, recent_logs,
};
use redis::AsyncCommands;
use redis_components::Connection;
use redis_components_testing::Server;

#[tokio::test]
async fn a_message_has_the_time_in_front() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    let before = SystemTime::now() - Duration::from_secs(1);
    log_recent(&mut conn, "main", "User 235 logged in")
        .await
        .unwrap();
    let logs = recent_logs(&mut conn, "main", Severity::Info)
        .await
        .unwrap();
    let (time, message) = logs[0].split_once(' ').unwrap();
    let time = humantime::parse_rfc3339(time).unwrap();
    assert!(before <= time && time <= SystemTime::now(), "{}", logs[0]);
    assert_eq!(message, "User 235 logged in");
}

#[tokio::test]
async fn the_newest_hundred_are_kept_and_come_first() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    for number in 0..=RECENT_MESSAGES {
        log_recent(&mut conn, "main", &number.to_string())
            .await
            .unwrap();
    }
    let kept = messages(&mut conn, "main", Severity::Info).await;
    let expected: Vec<String> = (1..=100)
        .rev()
        .map(|number: u32| number.to_string())
        .collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn apps_and_severities_do_not_mix() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    log_recent(&mut conn, "main", "fine").await.unwrap();
    log_recent_at(&mut conn, "main", "broken", Severity::Error)
        .await
        .unwrap();
    log_recent(&mut conn, "other", "elsewhere").await.unwrap();
    assert_eq!(messages(&mut conn, "main", Severity::Info).await, ["fine"]);
    assert_eq!(
        messages(&mut conn, "main", Severity::Error).await,
        ["broken"]
    );
    assert_eq!(messages(&mut conn, "main", Severity::Debug).await, [""; 0]);
    assert_eq!(
        messages(&mut conn, "other", Severity::Info).await,
        ["elsewhere"]
    );
}

#[tokio::test]
async fn keys_are_those_that_other_services_read() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    let keys = [
        ("recent:main:debug", Severity::Debug),
        ("recent:main:info", Severity::Info),
        ("recent:main:warning", Severity::Warning),
        ("recent:main:error", Severity::Error),
        ("recent:main:critical", Severity::Critical),
    ];
    for (key, severity) in keys {
        log_recent_at(&mut conn, "main", "message", severity)
            .await
            .unwrap();
        let length: usize = conn.llen(key).await.unwrap();
        assert_eq!(length, 1, "{key}");
    }
}

#[tokio::test]
async fn common_messages_are_counted_and_logged_as_recent() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    begin_hour(&mut conn, "common:main:warning", "2999-01-01T00:00:00Z").await;
    for message in ["slow", "slow", "down"] {
        log_common(&mut conn, "main", message, Severity::Warning)
            .await
            .unwrap();
    }
    assert_eq!(
        counts(&mut conn, "common:main:warning").await,
        [("down", 1), ("slow", 2)]
    );
    let recent = messages(&mut conn, "main", Severity::Warning).await;
    assert_eq!(recent, ["down", "slow", "slow"]);
}

#[tokio::test]
async fn the_counts_of_an_earlier_hour_are_put_aside() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    log_common(&mut conn, "main", "old", Severity::Info)
        .await
        .unwrap();
    let earlier = "2001-02-03T04:00:00Z";
    begin_hour(&mut conn, "common:main:info", earlier).await;
    let _: () = conn
        .zadd("common:main:info:last", "older", 7)
        .await
        .unwrap();

    log_common(&mut conn, "main", "new", Severity::Info)
        .await
        .unwrap();

    assert_eq!(counts(&mut conn, "common:main:info").await, [("new", 1)]);
    assert_eq!(
        counts(&mut conn, "common:main:info:last").await,
        [("old", 1)]
    );
    let previous: String = conn.get("common:main:info:pstart").await.unwrap();
    assert_eq!(previous, earlier);
    let start: String = conn.get("common:main:info:start").await.unwrap();
    assert!(
        start.ends_with(":00:00Z") && start.as_str() > earlier,
        "{start}"
    );
}

#[tokio::test]
async fn a_caller_whose_clock_is_behind_does_not_turn_the_hour_back() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    let begun_by_others = "2999-01-01T00:00:00Z";
    begin_hour(&mut conn, "common:main:info", begun_by_others).await;
    log_common(&mut conn, "main", "late", Severity::Info)
        .await
        .unwrap();
    assert_eq!(counts(&mut conn, "common:main:info").await, [("late", 1)]);
    let start: String = conn.get("common:main:info:start").await.unwrap();
    assert_eq!(start, begun_by_others);
}

#[tokio::test]
async fn callers_on_one_connection_lose_nothing_when_the_hour_turns() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    not_at_the_turn_of_an_hour().await;
    log_common(&mut conn, "main", "old", Severity::Info)
        .await
        .unwrap();
    begin_hour(&mut conn, "common:main:info", "2001-02-03T04:00:00Z").await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let mut shared = conn.clone();
        callers.spawn(async move { log_common(&mut shared, "main", "new", Severity::Info).await });
    }
    for outcome in callers.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(
        counts(&mut conn, "common:main:info:last").await,
        [("old", 1)]
    );
    assert_eq!(counts(&mut conn, "common:main:info").await, [("new", 64)]);
}

/// The recent messages without the time.
async fn messages(conn: &mut Connection, app: &str, severity: Severity) -> Vec<String> {
    let logs = recent_logs(conn, app, severity).await.unwrap();
    logs.iter()
        .map(|log| log.split_once(' ').unwrap().1.to_owned())
        .collect()
}

async fn counts(conn: &mut Connection, key: &str) -> Vec<(&'static str, u64)> {
    let counts: BTreeMap<String, u64> = conn.zrange_withscores(key, 0, -1).await.unwrap();
    let known = ["down", "late", "new", "old", "older", "slow"];
    known
        .into_iter()
        .filter_map(|message| Some((message, *counts.get(message)?)))
        .collect()
}

/// Waits where the hour of the clock would turn in the middle of a test.
async fn not_at_the_turn_of_an_hour() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let left = 3600 - now.unwrap().as_secs() % 3600;
    if left < 30 {
        tokio::time::sleep(Duration::from_secs(left)).await;
    }
}

/// Says that the counts of a key are those of this hour.
async fn begin_hour(conn: &mut Connection, key: &str, hour: &str) {
    let _: () = conn.set(format!("{key}:start"), hour).await.unwrap();
}
