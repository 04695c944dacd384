//! R15: a subscriber hears every message that is published while the data moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use redis_components::__private::{Acquire, Declaration, component};
use redis_components::{Component, Scope, Settings, Subscriber, SubscriberEvent};

use crate::common::wait_until;
use crate::load::{Load, World};

const CHANNEL: &str = "news";

fn declared() -> &'static Component {
    Box::leak(Box::new(component(Declaration {
        name: "logs",
        key: "config:redis:logs",
        key_prefix: "config:redis:",
        has_own_key: false,
        wait: Duration::from_secs(1),
        connections: 1,
        config_server: None,
    })))
}

/// Publishes numbers through the runtime, or on the server of an older config, until it is stopped.
fn publish(
    name: String,
    scope: Scope,
    stop: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
) -> thread::JoinHandle<BTreeSet<String>> {
    let logs = declared();
    thread::spawn(move || {
        scope.run_blocking(|| {
            let mut sent = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                let message = format!("{name}:{}", sent.len());
                let mut connection = logs.blocking_connection().unwrap();
                // A message that nobody is subscribed to is missed.
                let mut publish = redis::cmd("PUBLISH");
                publish.arg(CHANNEL).arg(&message);
                let _receivers: u64 = publish.query(&mut connection).unwrap();
                sent.insert(message);
                published.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
            }
            sent
        })
    })
}

/// Hears until nothing more comes. Returns how often each message was heard, and the gaps.
async fn hear(mut subscriber: Subscriber, stop: Arc<AtomicBool>) -> (BTreeMap<String, u64>, u64) {
    let (mut heard, mut gaps) = (BTreeMap::new(), 0);
    loop {
        let next = tokio::time::timeout(Duration::from_secs(3), subscriber.next()).await;
        match next {
            Ok(event) => match event.unwrap().unwrap() {
                SubscriberEvent::Message(message) => {
                    let message: String = message.get_payload().unwrap();
                    *heard.entry(message).or_default() += 1;
                }
                event => gaps += u64::from(event.is_gap()),
            },
            Err(_) if stop.load(Ordering::Relaxed) => return (heard, gaps),
            Err(_) => {}
        }
    }
}

#[test]
fn r15_a_subscriber_hears_every_message_while_data_moves() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let settings = Settings::new(world.config.url()).response_timeout(Duration::from_secs(20));
    let scope = settings.scope_blocking(|| Scope::current().unwrap());
    let (stop, published) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
    let (tell, is_subscribed) = std::sync::mpsc::channel();
    let stopped = Arc::clone(&stop);
    let hearing = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(scope.run(async {
            let acquired = <Subscriber as Acquire>::acquire(declared(), "listen").await;
            let mut subscriber = acquired.unwrap();
            subscriber.subscribe(CHANNEL).await.unwrap();
            tell.send(()).unwrap();
            hear(subscriber, stopped).await
        }))
    });
    is_subscribed.recv().unwrap();
    let publishers: Vec<_> = (0..2)
        .map(|number| {
            // Each is a process of its own, as it were: it hears of the move by itself.
            let settings =
                Settings::new(world.config.url()).response_timeout(Duration::from_secs(20));
            let scope = settings.scope_blocking(|| Scope::current().unwrap());
            let (stop, published) = (Arc::clone(&stop), Arc::clone(&published));
            publish(number.to_string(), scope, stop, published)
        })
        .collect();
    let goes_on = || {
        let before = published.load(Ordering::Relaxed);
        wait_until("messages go on", || {
            published.load(Ordering::Relaxed) > before + 200
        });
    };
    goes_on();
    let to = world.address(1);
    let moved = world.operator.data(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    goes_on();
    for _ in 0..5 {
        let back = world.operator.data(&["move", "logs", "--undo", "--yes"]);
        assert_eq!(back["state"], "committed", "{back:#}");
        goes_on();
    }
    stop.store(true, Ordering::Relaxed);
    let sent: BTreeSet<String> = publishers
        .into_iter()
        .flat_map(|publisher| publisher.join().unwrap())
        .collect();
    let (heard, gaps) = hearing.join().unwrap();
    let missed: Vec<_> = sent
        .iter()
        .filter(|message| !heard.contains_key(*message))
        .collect();
    assert!(
        missed.is_empty(),
        "{} of {}: {missed:?}",
        missed.len(),
        sent.len()
    );
    assert_eq!(gaps, 0);
    let twice = heard.values().filter(|times| **times > 1).count();
    println!(
        "figure: {} messages published, {} missed, {twice} heard twice",
        sent.len(),
        missed.len()
    );
    load.end(&world.servers[0]);
}
