//! A subscriber follows its component without a gap.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redis_components::{Subscriber, SubscriberEvent, status};
use redis_components_testing::Server;

use super::{NEWS, message, next, publish, resubscribed, subscribed, subscribers};
use crate::common::clients::{client_id, client_list};
use crate::common::{SOON, World, always_fresh, declare, until};

/// What was published, and to how many.
struct Published {
    message: String,
    receivers: u64,
}

/// Publishes numbers on both servers, all the time.
struct Publisher {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<[Published; 2]>>,
}

impl Publisher {
    fn start(a: &Server, b: &Server) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut connections = [("a", a.connection()), ("b", b.connection())];
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut published = Vec::new();
            while !stopped.load(Ordering::Acquire) {
                let begun = Instant::now();
                let number = published.len();
                let both = connections.each_mut().map(|(name, connection)| {
                    let message = format!("{name}:{number}");
                    let mut publish = redis::cmd("PUBLISH");
                    let receivers = publish.arg(NEWS).arg(&message).query(connection).unwrap();
                    Published { message, receivers }
                });
                // A thread that stands still may find that the subscriber has just changed places.
                if begun.elapsed() < Duration::from_millis(20) {
                    published.push(both);
                } else {
                    published.push(both.map(|one| Published {
                        receivers: one.receivers.max(1),
                        ..one
                    }));
                }
                std::thread::sleep(Duration::from_micros(500));
            }
            published
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<[Published; 2]> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

/// Everything that is heard before the message `end`.
async fn hear_until(subscriber: &mut Subscriber, end: &str) -> (Vec<String>, Vec<bool>) {
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    loop {
        match next(subscriber).await {
            SubscriberEvent::Message(message) => {
                let message: String = message.get_payload().unwrap();
                if message == end {
                    return (messages, gaps);
                }
                messages.push(message);
            }
            SubscriberEvent::Resubscribed { gap, .. } => gaps.push(gap),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_subscriber_misses_nothing_in_twenty_moves() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    // It listens to the old server for that long.
    let settings = world.settings().drain_deadline(Duration::from_millis(200));
    settings
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            let publisher = Publisher::start(&world.a, &world.b);
            let heard = tokio::spawn(async move {
                let heard = hear_until(&mut subscriber, "end").await;
                (heard, subscriber)
            });
            let mut servers = [&world.a, &world.b];
            for _ in 0..20 {
                let [old, new] = servers;
                world.move_to(logs, new);
                until("it is there", async || subscribers(new) == 1).await;
                until("it has left", async || subscribers(old) == 0).await;
                servers = [new, old];
            }
            let published = publisher.stop();
            assert_eq!(publish(servers[0], "end"), 1);
            let ((messages, gaps), _subscriber) = heard.await.unwrap();

            assert_eq!(gaps, [false; 20]);
            let heard: BTreeSet<&str> = messages.iter().map(String::as_str).collect();
            for both in &published {
                // It is subscribed somewhere at any time.
                let receivers: u64 = both.iter().map(|one| one.receivers).sum();
                assert!(receivers >= 1, "{}", both[0].message);
            }
            let sent = published.iter().flatten().filter(|one| one.receivers > 0);
            let missing: Vec<_> = sent
                .map(|one| one.message.as_str())
                .filter(|message| !heard.contains(message))
                .collect();
            // A publisher that stood still does not know what was sent.
            let by_number = |message: &&str| {
                let number = message.split(':').nth(1).unwrap();
                !heard.contains(&*format!("a:{number}")) && !heard.contains(&*format!("b:{number}"))
            };
            let missing: Vec<_> = missing.into_iter().filter(by_number).collect();
            assert!(missing.is_empty(), "{missing:?}");
            for server in ["a", "b"] {
                let numbers = messages.iter().filter_map(|message| {
                    let (name, number) = message.split_once(':')?;
                    (name == server).then(|| number.parse::<u64>().unwrap())
                });
                assert!(numbers.is_sorted_by(|one, next| one < next), "{server}");
            }
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_hears_who_still_publishes_on_the_old_server() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(4));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            assert_eq!(publish(&world.a, "one"), 1);
            world.move_to(logs, &world.b);
            until("it is there", async || subscribers(&world.b) == 1).await;
            // What the old server has published comes first.
            assert_eq!(publish(&world.a, "two"), 1);
            assert_eq!(message(&mut subscriber).await, "one");
            let mut generation = 0;
            let mut heard = Vec::new();
            while heard.len() < 3 {
                match next(&mut subscriber).await {
                    SubscriberEvent::Message(message) => {
                        heard.push(message.get_payload::<String>().unwrap());
                    }
                    SubscriberEvent::Resubscribed {
                        generation: of,
                        gap,
                        ..
                    } => {
                        assert!(!gap);
                        generation = of;
                        // It is told, and the old server is not left for `wait` and a second.
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        assert_eq!(publish(&world.a, "three"), 1);
                        assert_eq!(publish(&world.b, "four"), 1);
                    }
                    other => panic!("{other:?}"),
                }
            }
            heard.sort();
            assert_eq!(heard, ["four", "three", "two"]);
            assert_eq!(generation, logs.connection().await.unwrap().generation());
            until("it has left", async || subscribers(&world.a) == 0).await;
            assert_eq!(publish(&world.b, "five"), 1);
            assert_eq!(message(&mut subscriber).await, "five");
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_follows_at_once_if_nobody_calls_and_takes_all_subscriptions_along() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            subscriber.psubscribe(&["one.*", "two.*"]).await.unwrap();
            subscriber.subscribe(&["more", "less"]).await.unwrap();
            subscriber.unsubscribe("less").await.unwrap();
            subscriber.ssubscribe("shard").await.unwrap();
            world.move_to(logs, &world.b);
            resubscribed(&mut subscriber, false).await;
            for (command, channel, receivers) in [
                ("PUBLISH", "one.x", 1),
                ("PUBLISH", "less", 0),
                ("PUBLISH", "more", 1),
                ("SPUBLISH", "shard", 1),
            ] {
                let sent = world.b.command(&[command, channel, channel]);
                assert_eq!(sent, redis::Value::Int(receivers), "{channel}");
                if receivers > 0 {
                    assert_eq!(message(&mut subscriber).await, channel);
                }
            }
        })
        .await;
}

/// It looks every five seconds by itself, and between two looks it is woken: also if its clock
/// stands still, by which it would look.
#[tokio::test]
async fn r4_a_quiet_subscriber_follows_at_once_also_after_it_has_looked() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            tokio::time::sleep(Duration::from_secs(4)).await;
            // The next sign of life is asked for five seconds after this.
            publish(&world.a, "one");
            assert_eq!(message(&mut subscriber).await, "one");
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            tokio::time::pause();
            let (woken, waiting) = mpsc::channel();
            // While this runs, tokio does not advance the clock by itself.
            let standing = tokio::task::spawn_blocking(move || waiting.recv_timeout(SOON).is_ok());
            world.move_to(logs, &world.b);
            resubscribed(&mut subscriber, false).await;
            // An error says that the clock goes on.
            let _ = woken.send(());
            assert!(standing.await.unwrap(), "it was not woken");
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_is_soon_heard_again_if_the_old_server_is_silent() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    let settings = world.default_settings();
    settings
        .response_timeout(Duration::from_secs(3))
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.a.freeze();
            world.move_to(logs, &world.b);
            until("it is there", async || subscribers(&world.b) == 1).await;
            assert_eq!(publish(&world.b, "one"), 1);
            resubscribed(&mut subscriber, false).await;
            assert_eq!(message(&mut subscriber).await, "one");
            // What the old server has published is missed.
            resubscribed(&mut subscriber, true).await;
            world.a.thaw();
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_stays_where_it_is_while_the_new_server_refuses_it() {
    let world = World::start();
    world
        .b
        .command(&["ACL", "SETUSER", "default", "resetchannels"]);
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.move_to(logs, &world.b);
            until("calls have moved", async || {
                logs.connection().await.unwrap().generation() == 2
            })
            .await;
            let refused = || {
                let log = world.b.command(&["ACL", "LOG"]);
                !redis::from_redis_value::<Vec<redis::Value>>(log)
                    .unwrap()
                    .is_empty()
            };
            until("it is refused", async || refused()).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut subscriber).await, "one");
            world
                .b
                .command(&["ACL", "SETUSER", "default", "allchannels"]);
            resubscribed(&mut subscriber, false).await;
            assert_eq!(publish(&world.b, "two"), 1);
            assert_eq!(message(&mut subscriber).await, "two");
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_that_reaches_its_age_is_replaced_and_misses_nothing() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    let settings = world.settings().max_connection_age(Duration::from_secs(1));
    settings
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            let ids = || -> BTreeSet<String> {
                let list = client_list(&world.a);
                let listening = list.iter().filter(|line| line.contains(" sub=1 "));
                listening.map(|line| client_id(line).to_owned()).collect()
            };
            let old = ids();
            assert_eq!(old.len(), 1);
            until("it is replaced", async || {
                let ids = ids();
                ids.len() == 1 && ids.is_disjoint(&old)
            })
            .await;
            resubscribed(&mut subscriber, false).await;
            // Its connection, and that of the newest client.
            until("old clients are closed", async || {
                status().components[0].old_connections == 0 && world.a.connected_clients() == 2
            })
            .await;
            assert_eq!(publish(&world.a, "one"), 1);
            loop {
                match next(&mut subscriber).await {
                    SubscriberEvent::Resubscribed { gap: false, .. } => {}
                    SubscriberEvent::Message(message) => {
                        break assert_eq!(message.get_payload_bytes(), b"one");
                    }
                    event => panic!("{event:?}"),
                }
            }
        })
        .await;
}
