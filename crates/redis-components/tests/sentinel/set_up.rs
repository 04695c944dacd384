//! What tests do with real sentinels and their servers.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use redis_components::Component;
use redis_components_testing::{Sentinels, Server};
use serde_json::Value;

use crate::common::{self, SOON};

/// Starts sentinels that fail over when they are asked to, and servers that lose at most a few
/// writes then. On a busy machine such a primary may refuse writes at any time.
pub(crate) fn careful() -> Sentinels {
    demand_replicas(Sentinels::builder().min_replicas_to_write(1).start())
}

/// Starts such servers with sentinels that fail over soon after the primary is silent.
pub(crate) fn watchful() -> Sentinels {
    let builder = Sentinels::builder().min_replicas_to_write(1);
    demand_replicas(builder.down_after(Duration::from_secs(1)).start())
}

/// Lets the first primary demand both replicas, so that it refuses writes as soon as one of them
/// follows another server.
fn demand_replicas(sentinels: Sentinels) -> Sentinels {
    let demand = ["CONFIG", "SET", "min-replicas-to-write", "2"];
    sentinels.server(0).command(&demand);
    sentinels
}

/// Returns the config of a component, with further fields.
pub(crate) fn config_with(sentinels: &Sentinels, fields: &Value) -> String {
    common::with(&sentinels.config(), fields)
}

/// Sends a command to every sentinel.
pub(crate) fn command_all(sentinels: &Sentinels, words: &[&str]) {
    for sentinel in sentinels.sentinels() {
        sentinel.command(words);
    }
}

/// Tells when the first sentinel publishes a switch.
pub(crate) fn first_switch(sentinels: &Sentinels) -> mpsc::Receiver<Instant> {
    let (sender, first) = mpsc::channel();
    for sentinel in sentinels.sentinels() {
        let mut connection = sentinel.connection();
        let sender = sender.clone();
        let (subscribed, wait) = mpsc::channel();
        // Ends with the sentinel.
        thread::spawn(move || {
            let mut pubsub = connection.as_pubsub();
            pubsub.subscribe("+switch-master").unwrap();
            subscribed.send(()).unwrap();
            if pubsub.get_message().is_ok() {
                let _ = sender.send(Instant::now());
            }
        });
        wait.recv_timeout(SOON).unwrap();
    }
    first
}

/// Returns the server that the only component uses.
pub(crate) fn server_in_force(sentinels: &Sentinels) -> &Server {
    let port = in_force().0;
    let listens = |server: &&Server| server.port() == port;
    sentinels.servers().iter().find(listens).unwrap()
}

/// Returns `true` if the only component uses the primary that all sentinels name.
pub(crate) fn is_on_the_primary(sentinels: &Sentinels) -> bool {
    let primary = sentinels.current_primary();
    primary.is_some_and(|primary| sentinels.server(primary).port() == in_force().0)
}

/// Waits until calls of the component, which are made meanwhile, succeed on the primary that all
/// sentinels name, and that is not the first server.
pub(crate) async fn has_moved(sentinels: &Sentinels, component: &Component) {
    common::until("calls follow the primary", async || {
        let called = common::count(component).await;
        let has_left = in_force().0 != sentinels.server(0).port();
        called.is_ok() && has_left && is_on_the_primary(sentinels)
    })
    .await;
}

/// The port of the server that the only component uses, and its generation; 0 before the first.
pub(crate) fn in_force() -> (u16, u64) {
    let status = redis_components::status();
    let current = status
        .components
        .first()
        .and_then(|one| one.current.as_ref());
    current.map_or((0, 0), |current| (current.port, current.generation))
}

/// Why the only component's newest config is not in force, or what is wrong beside.
pub(crate) fn problem() -> Option<String> {
    redis_components::status().components[0].problem.clone()
}

/// The counter of a server, over a new connection: servers close the others when they are promoted.
pub(crate) fn counter(server: &Server) -> u64 {
    let counter: Option<u64> = redis::cmd("GET")
        .arg("counter")
        .query(&mut server.connection())
        .unwrap();
    counter.unwrap_or(0)
}
