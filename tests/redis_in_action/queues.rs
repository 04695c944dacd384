//! 11.4: queues of any length from short lists.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use app::functions::queues::SHARD_LENGTH;
use app::queues::{
    sharded_blpop, sharded_brpop, sharded_llen, sharded_lpop, sharded_lpush, sharded_rpop,
    sharded_rpush,
};
use redis_components_testing::Server;

use crate::{SOON, ask, at_once, components, until};

#[tokio::test]
async fn items_come_out_at_both_ends_in_their_order() {
    let server = Server::start();
    components(["queues"], &server)
        .scope(async {
            let items: Vec<String> = (0..1500).map(|item| item.to_string()).collect();
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            assert_eq!(sharded_rpush("q", &items).await.unwrap(), 1500);
            assert_eq!(sharded_llen("q").await.unwrap(), 1500);
            for item in &items[..700] {
                assert_eq!(sharded_lpop("q").await.unwrap().as_deref(), Some(*item));
            }
            for item in items[700..].iter().rev() {
                assert_eq!(sharded_rpop("q").await.unwrap().as_deref(), Some(*item));
            }
            assert_eq!(sharded_lpop("q").await.unwrap(), None);
            assert_eq!(sharded_rpop("q").await.unwrap(), None);
            let lists: Vec<String> = ask(&server, &["KEYS", "*"]);
            assert_eq!(BTreeSet::from_iter(lists), strings(["q:first", "q:last"]));
        })
        .await;
}

#[tokio::test]
async fn no_shard_is_longer_than_it_may_be() {
    let server = Server::start();
    components(["queues"], &server)
        .scope(async {
            let items = vec!["item"; 2 * SHARD_LENGTH + 1];
            sharded_lpush("q", &items).await.unwrap();
            sharded_rpush("q", &["last"]).await.unwrap();
            let lengths: [usize; 4] =
                ["q:-2", "q:-1", "q:0", "q:1"].map(|shard| ask(&server, &["LLEN", shard]));
            assert_eq!(lengths, [1, SHARD_LENGTH, SHARD_LENGTH, 1]);
            assert_eq!(sharded_llen("q").await.unwrap(), items.len() + 1);
            assert_eq!(sharded_rpop("q").await.unwrap().as_deref(), Some("last"));
        })
        .await;
}

/// Pushes and pops at random, beside a queue in memory that is certainly right.
#[tokio::test]
async fn a_queue_is_a_queue() {
    let server = Server::start();
    components(["queues"], &server)
        .scope(async {
            let mut random = fastrand::Rng::with_seed(114);
            let mut expected = std::collections::VecDeque::new();
            for step in 0..100 {
                let items: Vec<String> = (0..random.usize(1..300))
                    .map(|n| format!("{step}:{n}"))
                    .collect();
                let borrowed: Vec<&str> = items.iter().map(String::as_str).collect();
                match random.u8(0..4) {
                    0 => {
                        sharded_lpush("q", &borrowed).await.unwrap();
                        items.into_iter().for_each(|item| expected.push_front(item));
                    }
                    1 => {
                        sharded_rpush("q", &borrowed).await.unwrap();
                        items.into_iter().for_each(|item| expected.push_back(item));
                    }
                    2 => {
                        for _ in items {
                            assert_eq!(sharded_lpop("q").await.unwrap(), expected.pop_front());
                        }
                    }
                    _ => {
                        for _ in items {
                            assert_eq!(sharded_rpop("q").await.unwrap(), expected.pop_back());
                        }
                    }
                }
                assert_eq!(sharded_llen("q").await.unwrap(), expected.len());
            }
        })
        .await;
}

#[tokio::test]
async fn every_item_is_popped_by_one() {
    let server = Server::start();
    components(["queues"], &server)
        .scope(async {
            at_once((0..20).map(|task| async move {
                let items: Vec<String> = (0..50).map(|item| format!("{task}:{item}")).collect();
                let items: Vec<&str> = items.iter().map(String::as_str).collect();
                sharded_rpush("q", &items).await.unwrap()
            }))
            .await;
            let popped = at_once((0..20).map(|task| async move {
                let mut popped = Vec::new();
                for _ in 0..50 {
                    let item = if task % 2 == 0 {
                        sharded_lpop("q").await
                    } else {
                        sharded_rpop("q").await
                    };
                    popped.extend(item.unwrap());
                }
                popped
            }))
            .await;
            let popped: Vec<String> = popped.into_iter().flatten().collect();
            assert_eq!(popped.len(), 1000);
            assert_eq!(BTreeSet::from_iter(popped).len(), 1000);
        })
        .await;
}

#[tokio::test]
async fn who_waits_for_an_item_gets_it_when_it_comes() {
    let server = Server::start();
    components(["queues"], &server)
        .scope(async {
            let (popped, pushed) = tokio::join!(sharded_blpop("q", SOON), async {
                until("somebody waits", async || waiting(&server) == 1).await;
                // Others are not held up by the one who waits.
                sharded_rpush("q", &["first", "second"]).await
            });
            assert_eq!(popped.unwrap().as_deref(), Some("first"));
            assert_eq!(pushed.unwrap(), 2);
            let last = sharded_brpop("q", SOON).await.unwrap();
            assert_eq!(last.as_deref(), Some("second"));
            let none = sharded_brpop("q", Duration::from_millis(50)).await;
            assert_eq!(none.unwrap(), None);
        })
        .await;
}

#[tokio::test]
async fn all_who_wait_are_woken_by_one_push() {
    let server = Server::start();
    components(["queues"], &server)
        .scope(async {
            let begun = Instant::now();
            let (popped, woken) =
                tokio::join!(at_once((0..10).map(|_| sharded_blpop("q", SOON))), async {
                    until("all wait", async || waiting(&server) == 10).await;
                    let items: Vec<String> = (0..10).map(|item| item.to_string()).collect();
                    let items: Vec<&str> = items.iter().map(String::as_str).collect();
                    sharded_rpush("q", &items).await
                });
            assert_eq!(woken.unwrap(), 10);
            let popped: BTreeSet<String> = popped.into_iter().flat_map(Result::unwrap).collect();
            assert_eq!(popped.len(), 10, "after {:?}", begun.elapsed());
            assert_eq!(sharded_llen("q").await.unwrap(), 0);
        })
        .await;
}

/// How many clients wait for an answer.
fn waiting(server: &Server) -> u64 {
    let clients: String = ask(server, &["INFO", "clients"]);
    let blocked = clients
        .lines()
        .find_map(|line| line.strip_prefix("blocked_clients:"));
    blocked.unwrap().parse().unwrap()
}

fn strings<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}
