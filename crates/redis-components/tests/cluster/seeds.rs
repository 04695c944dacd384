//! A name in front of a cluster, which comes to mean another.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use redis_components::Settings;
use redis_components_testing::Cluster;

use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, cmd, counter};

/// Passes connections on to the port that it is told.
fn forward(to: &Arc<AtomicU16>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = Arc::clone(to);
    // It ends with the process.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", to.load(Ordering::SeqCst))) else {
                continue;
            };
            for (mut from, mut into) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut into);
                    let _ = into.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    port
}

#[tokio::test]
async fn r13_seeds_of_two_clusters_are_refused() {
    let clusters = [(), ()].map(|()| Cluster::start(1, 0));
    let place = Place::start();
    let data = declare("data", HOUR);
    let seeds = clusters.each_ref().map(|cluster| {
        let port = cluster.node(0).port();
        format!("\"127.0.0.1:{port}\"")
    });
    place.set(data, &format!(r#"{{"cluster":[{}]}}"#, seeds.join(",")));
    Settings::new(place.config.url())
        .scope(async {
            for way in Way::BOTH {
                let sent = way.send::<i64>(data, &cmd("INCR counter")).await;
                let text = sent.unwrap_err().to_string();
                assert!(text.contains("are nodes of two clusters"), "{text}");
            }
        })
        .await;
    for cluster in &clusters {
        let keys = cluster.node(0).command(&["DBSIZE"]);
        assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 0);
    }
}

#[tokio::test]
async fn r10_a_cluster_that_has_moved_as_a_whole_is_found_by_its_seed() {
    let (old, new) = (Cluster::start(1, 0), Cluster::start(1, 0));
    let place = Place::start();
    let data = declare("data", HOUR);
    let to = Arc::new(AtomicU16::new(old.node(0).port()));
    place.set(
        data,
        &format!(r#"{{"cluster":["127.0.0.1:{}"]}}"#, forward(&to)),
    );
    Settings::new(place.config.url())
        .connect_timeout(Duration::from_secs(2))
        .scope(async {
            for way in Way::BOTH {
                way.send::<i64>(data, &cmd("INCR counter")).await.unwrap();
            }
            assert_eq!(counter(&old, "counter"), 2);
            to.store(new.node(0).port(), Ordering::SeqCst);
            old.node(0).stop();
            for way in Way::BOTH {
                until("the new cluster is found", async || {
                    way.send::<i64>(data, &cmd("INCR counter")).await.is_ok()
                })
                .await;
            }
            assert!(counter(&new, "counter") >= 2);
        })
        .await;
}

/// As pods have that are started again.
#[tokio::test]
async fn r10_a_cluster_whose_nodes_have_new_addresses_is_known_by_their_ids() {
    let cluster = Cluster::start(1, 0);
    let node = cluster.node(0);
    let is_at = |host: &str| {
        let bind = format!("127.0.0.1 {host}");
        node.command(&["CONFIG", "SET", "bind", &bind]);
        node.command(&["CONFIG", "SET", "cluster-announce-ip", host]);
    };
    is_at("127.0.0.2");
    // Half of the seeds are gone.
    let gone = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (port, nobody) = (node.port(), gone.local_addr().unwrap().port());
    drop(gone);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(
        data,
        &format!(r#"{{"cluster":["127.0.0.1:{port}","127.0.0.1:{nobody}"]}}"#),
    );
    Settings::new(place.config.url())
        .scope(async {
            for way in Way::BOTH {
                way.send::<i64>(data, &cmd("INCR counter")).await.unwrap();
            }
            is_at("127.0.0.3");
            node.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            for way in Way::BOTH {
                until("its nodes are found", async || {
                    way.send::<i64>(data, &cmd("INCR counter")).await.is_ok()
                })
                .await;
            }
        })
        .await;
}
