//! Several sentinels that speak at once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::common::{HOUR, arrives, declare, whereabouts};
use crate::fake::Named;

/// The first to answer may be cut off from the others, however long it takes to answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_the_first_answer_waits_for_the_others_whenever_it_comes() {
    let named = Named::by(2);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, 1);
    named.name(1, &named.world.b, 2);
    let first = named.fakes[0].clone();
    let begun = Instant::now();
    // As a network that is slow to connect over.
    first.hold_while(move || begun.elapsed() < Duration::from_millis(1500));
    let asked = OnceLock::new();
    // A little later, so that a connection to the first one's primary would be made meanwhile.
    named.fakes[1].hold_while(move || {
        let is_asked = first.heard().contains("GET-MASTER-ADDR-BY-NAME");
        let since = is_asked.then(|| *asked.get_or_init(Instant::now));
        since.is_none_or(|since| since.elapsed() < Duration::from_millis(50))
    });
    named
        .world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_sentinel_that_publishes_without_end_does_not_hide_a_fail_over() {
    let named = Named::by(2);
    let logs = declare("logs", HOUR);
    named.fakes[0].can_publish();
    named.world.set(logs, &named.config);
    for sentinel in 0..2 {
        named.name(sentinel, &named.world.a, 1);
    }
    named
        .world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let loud = named.fakes[0].clone();
            let heard_by = tokio::task::spawn_blocking(move || loud.publish(100_000)).await;
            assert_eq!(heard_by.unwrap(), 1);
            named.name(1, &named.world.b, 2);
            arrives(logs, "b").await;
        })
        .await;
}
