//! One SET moves a component between a single server and a cluster, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis_components::Scope;
use redis_components_testing::{Cluster, Server};

use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, cmd, counter};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_component_moves_to_a_cluster_and_back_and_no_call_fails() {
    let cluster = Cluster::start(3, 0);
    let server = Server::start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &server.config());
    place
        .settings()
        .scope(async {
            let stop = Arc::new(AtomicBool::new(false));
            let done: Arc<AtomicU64> = Arc::default();
            let tasks: Vec<_> = Way::BOTH
                .into_iter()
                .cycle()
                .take(6)
                .map(|way| {
                    let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
                    tokio::spawn(Scope::wrap(async move {
                        while !stop.load(Ordering::Relaxed) {
                            let sent = way.send::<i64>(data, &cmd("INCR counter")).await;
                            sent.unwrap_or_else(|error| panic!("{way:?}: {error}"));
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }))
                })
                .collect();
            let on_server = || crate::common::counter(&server);
            let on_cluster = || counter(&cluster, "counter");
            for _ in 0..3 {
                let before = on_server();
                until("calls are on the server", async || {
                    on_server() > before + 50
                })
                .await;
                place.set(data, &cluster.config());
                let before = on_cluster();
                until("calls are on the cluster", async || {
                    on_cluster() > before + 50
                })
                .await;
                until("the server is left", async || {
                    let before = on_server();
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    on_server() == before
                })
                .await;
                place.set(data, &server.config());
            }
            stop.store(true, Ordering::Relaxed);
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(on_server() + on_cluster(), done.load(Ordering::Relaxed));
        })
        .await;
}
