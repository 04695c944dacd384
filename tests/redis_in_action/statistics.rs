//! 5.2: cleaning counters, and statistics by the hour.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use app::functions::statistics::{PRECISIONS, Stats, Totals};
use app::statistics::{
    clean_counters, get_counter, get_stats, update_counter, update_counter_at, update_stats,
};
use redis_components_testing::Server;

use crate::{ask, at_once, components};

#[tokio::test]
async fn counters_keep_their_newest_slices() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            let now = SystemTime::now();
            let ages = [0, 1, 200, 7 * 3600, 300 * 86_400];
            for age in ages {
                let then = now - Duration::from_secs(age);
                update_counter_at("hits", 1, then).await.unwrap();
            }
            let before = slices().await;
            let removed = clean_counters(0).await.unwrap();
            let after = slices().await;
            // How many of the ages are among the newest hundred slices of each precision.
            let kept = [2, 3, 3, 4, 4, 4, 4];
            for ((precision, kept), slices) in PRECISIONS.into_iter().zip(kept).zip(&after) {
                let starts = ages[..kept].iter().map(|age| {
                    let then = unix(now) - age.cast_signed();
                    then - then % precision
                });
                let expected: BTreeSet<i64> = starts.collect();
                assert_eq!(slices, &expected, "precision {precision}");
            }
            let count = |slices: Vec<BTreeSet<i64>>| slices.iter().map(BTreeSet::len).sum();
            let (before, after): (usize, usize) = (count(before), count(after));
            assert_eq!(removed, (before - after) as u64);
            assert_eq!(clean_counters(0).await.unwrap(), 0);
        })
        .await;
}

#[tokio::test]
async fn a_counter_of_a_long_precision_has_its_turn_once_in_a_slice() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            update_counter_at("hits", 1, SystemTime::UNIX_EPOCH)
                .await
                .unwrap();
            // One second, five and sixty.
            assert_eq!(clean_counters(1).await.unwrap(), 3);
            assert_eq!(clean_counters(4).await.unwrap(), 0);
            assert_eq!(clean_counters(5).await.unwrap(), 1);
            assert_eq!(clean_counters(60).await.unwrap(), 1);
            assert_eq!(clean_counters(300).await.unwrap(), 1);
            assert_eq!(clean_counters(1440).await.unwrap(), 1);
            let keys: u64 = ask(&server, &["DBSIZE"]);
            assert_eq!(keys, 0);
        })
        .await;
}

#[tokio::test]
async fn empty_counters_are_forgotten_and_all_others_found() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            // More than are asked for at once, and something that is no counter.
            for number in 0..60 {
                let name = format!("old{number}");
                update_counter_at(&name, 1, SystemTime::UNIX_EPOCH)
                    .await
                    .unwrap();
            }
            update_counter("new", 1).await.unwrap();
            server.command(&["ZADD", "known:", "0", "0:wrong", "0", "wrong"]);
            let removed = clean_counters(0).await.unwrap();
            assert_eq!(removed, 60 * PRECISIONS.len() as u64);
            let known: usize = ask(&server, &["ZCARD", "known:"]);
            assert_eq!(known, PRECISIONS.len() + 2);
        })
        .await;
}

#[tokio::test]
async fn counting_while_cleaning_loses_nothing() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            at_once((0..100).map(|number| async move {
                update_counter_at("hits", 1, SystemTime::UNIX_EPOCH)
                    .await
                    .unwrap();
                if number % 5 == 0 {
                    clean_counters(0).await.unwrap();
                }
                update_counter("hits", 1).await.unwrap();
            }))
            .await;
            clean_counters(0).await.unwrap();
            let counted = get_counter("hits", 86_400).await.unwrap();
            assert_eq!(counted.iter().map(|(_, count)| count).sum::<i64>(), 100);
            let known: usize = ask(&server, &["ZCARD", "known:"]);
            assert_eq!(known, PRECISIONS.len());
        })
        .await;
}

#[tokio::test]
async fn values_add_up() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            assert_eq!(get_stats("page", "AccessTime").await.unwrap(), None);
            begin_hour(&server, "2999-01-01T00:00:00Z");
            let mut totals = Totals::default();
            for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, 0.5] {
                totals = update_stats("page", "AccessTime", value).await.unwrap();
            }
            let expected = Totals {
                count: 9.0,
                sum: 40.5,
                sum_of_squares: 232.25,
            };
            assert_eq!(totals, expected);
            assert_eq!(totals.average(), 4.5);
            assert_eq!(totals.standard_deviation(), 2.5);
            let stats = get_stats("page", "AccessTime").await.unwrap();
            let (min, max) = (0.5, 9.0);
            assert_eq!(stats, Some(Stats { min, max, totals }));
        })
        .await;
}

#[tokio::test]
async fn the_statistics_of_an_earlier_hour_are_put_aside() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            update_stats("page", "AccessTime", 3.0).await.unwrap();
            let earlier = "2001-02-03T04:00:00Z";
            begin_hour(&server, earlier);
            let totals = at_once((0..32).map(|_| update_stats("page", "AccessTime", 1.0))).await;
            let most = totals.iter().map(|totals| totals.as_ref().unwrap().count);
            assert_eq!(most.fold(0.0, f64::max), 32.0);

            let last = "stats:page:AccessTime:last";
            let count: f64 = ask(&server, &["ZSCORE", last, "count"]);
            let max: f64 = ask(&server, &["ZSCORE", last, "max"]);
            assert_eq!((count, max), (1.0, 3.0));
            let previous: String = ask(&server, &["GET", "stats:page:AccessTime:pstart"]);
            assert_eq!(previous, earlier);
        })
        .await;
}

#[tokio::test]
async fn a_single_value_deviates_from_nothing() {
    let server = Server::start();
    components(["statistics"], &server)
        .scope(async {
            let totals = update_stats("page", "AccessTime", 0.1).await.unwrap();
            assert_eq!((totals.average(), totals.standard_deviation()), (0.1, 0.0));
        })
        .await;
}

/// When the slices of each precision begin.
async fn slices() -> Vec<BTreeSet<i64>> {
    let mut slices = Vec::new();
    for precision in PRECISIONS {
        let counted = get_counter("hits", precision).await.unwrap();
        slices.push(counted.into_iter().map(|(start, _)| start).collect());
    }
    slices
}

fn begin_hour(server: &Server, hour: &str) {
    server.command(&["SET", "stats:page:AccessTime:start", hour]);
}

fn unix(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs().cast_signed()
}
