//! A subscriber of events that itself calls a component, as one does that logs to Redis.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use redis_components::{Component, status};

use crate::common::{SOON, World, declare, whereabouts_blocking};
use crate::log::listen_and;

thread_local! {
    static IS_CALLING: Cell<bool> = const { Cell::new(false) };
}

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Calls the component, but not for the events of that call.
fn call(logs: &Component) {
    if !IS_CALLING.replace(true) {
        // Whether it finds a connection is not the question, but whether it ends.
        drop(logs.blocking_connection());
        CALLS.fetch_add(1, Ordering::SeqCst);
        IS_CALLING.set(false);
    }
}

#[test]
fn r10_a_subscriber_may_call_a_component() {
    let world = World::start();
    let logs = declare("reentrant", Duration::from_millis(20));
    world.default_settings().install().unwrap();
    // The events of this test, of which each names one of these.
    let named = [
        logs.key().to_owned(),
        format!("127.0.0.1:{}", world.config.port()),
    ];
    listen_and(move |line| {
        if named.iter().any(|name| line.contains(name)) {
            call(logs);
        }
    });

    let (sender, receiver) = channel();
    let calls = thread::spawn(move || {
        let refused = r#"{"host":"127.0.0.1","port":1}"#;
        // No config, a server that cannot be used, one that can, the loss of the config server, its
        // return.
        assert!(logs.blocking_connection().is_err());
        world.set(logs, refused);
        while logs.blocking_connection().unwrap_err().server() != Some("127.0.0.1:1") {}
        world.move_to(logs, &world.a);
        while logs.blocking_connection().is_err() {}
        world.config.stop();
        let problem = || status().components[0].problem.clone();
        while problem().is_none() {
            whereabouts_blocking(logs).unwrap();
        }
        world.config.restart();
        world.move_to(logs, &world.b);
        while whereabouts_blocking(logs).unwrap() != "b" {}
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(3 * SOON).expect("all calls end");
    // And the servers with them.
    calls.join().unwrap();
    assert!(CALLS.load(Ordering::SeqCst) >= 5);
}
