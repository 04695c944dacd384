//! A subscriber that loses its connection says so, and goes on.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use redis::Value;
use redis_components::SubscriberEvent;
use redis_components_testing::Server;

use super::{kill_subscribers, message, next, publish, resubscribed, subscribed, subscribers};
use crate::common::{SOON, World, declare, until};

#[tokio::test]
async fn r2_a_subscriber_whose_connection_is_killed_reports_a_gap_and_goes_on() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            subscriber.psubscribe("p*").await.unwrap();
            for number in 0..3 {
                let sent = format!("before {number}");
                assert_eq!(publish(&world.a, &sent), 1);
                assert_eq!(kill_subscribers(&world.a), Value::Int(1));
                // What was sent before is heard.
                assert_eq!(message(&mut subscriber).await, sent);
                let lost = next(&mut subscriber).await;
                assert!(matches!(lost, SubscriberEvent::Lost(_)), "{lost:?}");
                assert_eq!(resubscribed(&mut subscriber, true).await, 1);
                assert_eq!(publish(&world.a, "after"), 1);
                assert_eq!(message(&mut subscriber).await, "after");
                let sent = world.a.command(&["PUBLISH", "pattern", "too"]);
                assert_eq!(sent, Value::Int(1));
                assert_eq!(message(&mut subscriber).await, "too");
            }
        })
        .await;
}

#[tokio::test]
async fn r2_a_subscriber_waits_for_a_server_that_is_down() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.a.stop();
            let lost = next(&mut subscriber).await;
            let SubscriberEvent::Lost(error) = lost else {
                panic!("{lost:?}");
            };
            assert_eq!(error.component(), Some("logs"));
            assert!(error.to_string().contains("connects again"), "{error}");
            // A request does not wait for the server.
            assert!(subscriber.subscribe("more").await.is_err());
            world.a.restart();
            resubscribed(&mut subscriber, true).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut subscriber).await, "one");
            assert_eq!(world.a.command(&["PUBLISH", "more", ""]), Value::Int(0));
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_whose_server_is_gone_goes_where_the_component_goes() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.a.stop();
            let lost = next(&mut subscriber).await;
            assert!(matches!(lost, SubscriberEvent::Lost(_)), "{lost:?}");
            world.move_to(logs, &world.b);
            resubscribed(&mut subscriber, true).await;
            assert_eq!(publish(&world.b, "one"), 1);
            assert_eq!(message(&mut subscriber).await, "one");
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_notices_that_its_server_does_not_answer() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    let settings = world.default_settings();
    settings
        .response_timeout(Duration::from_secs(1))
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.a.freeze();
            let lost = next(&mut subscriber).await;
            assert!(matches!(lost, SubscriberEvent::Lost(_)), "{lost:?}");
            world.a.thaw();
            resubscribed(&mut subscriber, true).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut subscriber).await, "one");
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_that_hears_nothing_for_long_keeps_its_connection() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            // It asks the server after five seconds.
            tokio::time::sleep(Duration::from_secs(6)).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut subscriber).await, "one");
        })
        .await;
}

/// Returns how many bytes of answers the server keeps for its subscribers.
fn keeps(server: &Server) -> u64 {
    let answer = server.command(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    let clients: String = redis::from_redis_value(answer).unwrap();
    let kept = |field: &str| {
        let (name, value) = field.split_once('=')?;
        matches!(name, "obl" | "omem").then(|| value.parse::<u64>().unwrap())
    };
    clients.split_whitespace().filter_map(kept).sum()
}

/// The server's own bound holds, and not that of the process's memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_slow_reader_is_bounded_and_told_what_it_misses() {
    const LENGTH: usize = 64 * 1024;
    const PUBLISHED: usize = 2000;
    // 8 MiB.
    const TAKEN: usize = 128;
    let world = World::start();
    let limit = "pubsub 1mb 1mb 1";
    let set = ["CONFIG", "SET", "client-output-buffer-limit", limit];
    world.a.command(&set);
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            let filler = "x".repeat(LENGTH);
            let mut sent = 0;
            for number in 0..PUBLISHED {
                sent += publish(&world.a, &format!("{number} {filler}"));
                // On a busy machine the server would close before the process could take them.
                if number < TAKEN {
                    until("the server keeps nothing", async || keeps(&world.a) == 0).await;
                }
            }
            // It does not subscribe again before what was sent has been taken.
            let sent = usize::try_from(sent).unwrap();
            assert!(sent < PUBLISHED / 2, "{sent} of {PUBLISHED} were sent");
            until("the server has closed", async || subscribers(&world.a) == 0).await;
            let mut numbers = Vec::new();
            loop {
                match next(&mut subscriber).await {
                    SubscriberEvent::Message(message) => {
                        let payload: String = message.get_payload().unwrap();
                        let (number, _) = payload.split_once(' ').unwrap();
                        numbers.push(number.parse::<usize>().unwrap());
                    }
                    SubscriberEvent::Lost(_) => break,
                    other => panic!("{other:?}"),
                }
            }
            // In their order, from the first to the last that came through.
            assert!(numbers.iter().copied().eq(0..numbers.len()));
            assert!(numbers.len() >= TAKEN, "{}", numbers.len());
            resubscribed(&mut subscriber, true).await;
            assert_eq!(publish(&world.a, "on"), 1);
            assert_eq!(message(&mut subscriber).await, "on");
        })
        .await;
}

/// A reader that waits for an answer takes no messages.
#[tokio::test]
async fn r10_a_slow_reader_can_subscribe() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            for number in 0..5000 {
                assert_eq!(publish(&world.a, &number.to_string()), 1);
            }
            let more = tokio::time::timeout(SOON, subscriber.subscribe("more"));
            more.await.expect("in time").unwrap();
            for number in 0..5000 {
                assert_eq!(message(&mut subscriber).await, number.to_string());
            }
        })
        .await;
}

/// Returns the port of a way to the server whose answers come in pieces, one every 50 ms.
fn slow_way_to(server: &Server) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (way, port) = (listener.local_addr().unwrap().port(), server.port());
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut asked, mut asks) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut asked, &mut asks));
            thread::spawn(move || {
                let mut piece = [0; 50_000];
                while let Ok(read @ 1..) = server.read(&mut piece) {
                    if client.write_all(&piece[..read]).is_err() {
                        return;
                    }
                    if read > 1_000 {
                        thread::sleep(Duration::from_millis(50));
                    }
                }
            });
        }
    });
    way
}

#[tokio::test]
async fn r10_a_large_message_over_a_slow_way_is_no_silence() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    let way = slow_way_to(&world.a);
    world.set(logs, &format!(r#"{{"host":"127.0.0.1","port":{way}}}"#));
    world
        .default_settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            // More than a second, and twice the response timeout.
            let large = "x".repeat(2_000_000);
            publish(&world.a, &large);
            tokio::time::sleep(Duration::from_millis(100)).await;
            subscriber.subscribe("more").await.unwrap();
            assert_eq!(message(&mut subscriber).await, large);
        })
        .await;
}
