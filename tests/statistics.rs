//! Counters over time, called with a connection.

mod common;

use std::time::{Duration, SystemTime};

use app::functions::statistics::{PRECISIONS, get_counter, update_counter, update_counter_at};
use redis::AsyncCommands;
use redis_components_testing::Server;

/// The first second of a day, and so of a slice of every precision but five hours.
const MIDNIGHT: u64 = 1_767_225_600;

#[tokio::test]
async fn a_count_is_added_in_every_precision() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    let now = at(MIDNIGHT + 7 * 3600 + 8 * 60 + 9);
    update_counter_at(&mut conn, "hits", 3, now).await.unwrap();
    update_counter_at(&mut conn, "hits", 4, now).await.unwrap();
    let midnight = MIDNIGHT.cast_signed();
    let seven = midnight + 7 * 3600;
    let starts = [
        (1, seven + 8 * 60 + 9),
        (5, seven + 8 * 60 + 5),
        (60, seven + 8 * 60),
        (300, seven + 5 * 60),
        (3600, seven),
        (18_000, midnight + 4 * 3600),
        (86_400, midnight),
    ];
    for (precision, start) in starts {
        let counted = get_counter(&mut conn, "hits", precision).await.unwrap();
        assert_eq!(counted, [(start, 7)], "precision {precision}");
    }
}

#[tokio::test]
async fn slices_come_by_time() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    for (second, count) in [(9, 1), (100, 2), (1_000, 3), (10, 4)] {
        update_counter_at(&mut conn, "hits", count, at(second))
            .await
            .unwrap();
    }
    let seconds = get_counter(&mut conn, "hits", 1).await.unwrap();
    assert_eq!(seconds, [(9, 1), (10, 4), (100, 2), (1_000, 3)]);
    let minutes = get_counter(&mut conn, "hits", 60).await.unwrap();
    assert_eq!(minutes, [(0, 5), (60, 2), (960, 3)]);
}

#[tokio::test]
async fn all_counters_are_known() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    update_counter(&mut conn, "hits", 1).await.unwrap();
    let mut known: Vec<(String, i64)> = conn.zrange_withscores("known:", 0, -1).await.unwrap();
    let mut expected = PRECISIONS.map(|precision| (format!("{precision}:hits"), 0));
    known.sort();
    expected.sort();
    assert_eq!(known, expected);
}

#[tokio::test]
async fn counting_goes_by_the_clock() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    let before = SystemTime::now();
    update_counter(&mut conn, "hits", 1).await.unwrap();
    let counted = get_counter(&mut conn, "hits", 1).await.unwrap();
    let second = at(counted[0].0.cast_unsigned());
    assert!(before - Duration::from_secs(1) < second && second <= SystemTime::now());
}

#[tokio::test]
async fn a_counter_that_was_never_updated_is_empty() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    assert_eq!(get_counter(&mut conn, "hits", 60).await.unwrap(), []);
}

#[tokio::test]
async fn concurrent_callers_add_up() {
    let server = Server::start();
    let mut conn = common::connect(&server).await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let mut shared = conn.clone();
        callers.spawn(async move { update_counter_at(&mut shared, "hits", 2, at(MIDNIGHT)).await });
    }
    for outcome in callers.join_all().await {
        outcome.unwrap();
    }
    let counted = get_counter(&mut conn, "hits", 86_400).await.unwrap();
    assert_eq!(counted, [(MIDNIGHT.cast_signed(), 128)]);
}

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}
