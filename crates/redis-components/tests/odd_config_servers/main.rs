//! R2, R6 and R10 with config servers that serve, but not as one expects: none of them is asked in a tight loop, and what they
//! say is followed.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod deaf_address;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use common::clients::kill_clients;
use common::impostors::impostor;
use common::moves::LATE;
use common::{HOUR, SOON, World, declare, until, whereabouts};
use redis_components::{Component, Settings, status};
use redis_components_testing::{Proxy, Server};

const WAIT: Duration = Duration::from_millis(300);
const WATCHED: Duration = Duration::from_secs(3);

async fn moved(component: &Component, name: &str) {
    until("the move is seen", async || {
        whereabouts(component).await.is_ok_and(|here| here == name)
    })
    .await;
}

/// Makes the server answer PING with an error, as one does whose disk is full.
fn fail_to_save(server: &Server) {
    let directory: Vec<String> =
        redis::from_redis_value(server.command(&["CONFIG", "GET", "dir"])).unwrap();
    fs::create_dir(Path::new(&directory[1]).join("dump.rdb")).unwrap();
    server.command(&["CONFIG", "SET", "save", "3600 1"]);
    server.command(&["SET", "changed", "1"]);
    server.command(&["BGSAVE"]);
    let mut connection = server.connection();
    let begun = Instant::now();
    while redis::cmd("PING").query::<()>(&mut connection).is_ok() {
        assert!(begun.elapsed() < SOON, "the save has failed");
        thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn r5_a_config_server_whose_save_fails_gives_its_configs_to_a_fresh_process() {
    for push in [true, false] {
        let world = World::start();
        let logs = declare("logs", WAIT);
        world.move_to(logs, &world.a);
        fail_to_save(&world.config);
        let settings = world.settings().push(push).reread_interval(HOUR);
        settings
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                // While no heartbeat is answered as one expects, no proof is missing.
                tokio::time::sleep(2 * WAIT).await;
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                assert_eq!(status().components[0].problem, None);
            })
            .await;
    }
}

#[tokio::test]
async fn r2_a_config_server_whose_save_fails_is_followed_over_a_new_connection() {
    for push in [true, false] {
        let world = World::start();
        let logs = declare("logs", WAIT);
        world.move_to(logs, &world.a);
        let settings = world.settings().push(push).reread_interval(HOUR);
        settings
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                fail_to_save(&world.config);
                kill_clients(&world.config);
                // Nothing can be written for now; so somebody lets writes through, and the disk stays full.
                world
                    .config
                    .command(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
                world.move_to(logs, &world.b);
                world
                    .config
                    .command(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"]);
                moved(logs, "b").await;
                assert_eq!(status().components[0].problem, None);
            })
            .await;
    }
}

/// How often GETRANGE was called or refused.
fn reads(server: &Server) -> u64 {
    let statistics: String =
        redis::from_redis_value(server.command(&["INFO", "commandstats"])).unwrap();
    let line = statistics
        .lines()
        .find(|line| line.starts_with("cmdstat_getrange:"));
    let field = |name: &str| {
        let value = line?
            .split([':', ','])
            .find_map(|field| field.strip_prefix(name));
        value?.parse::<u64>().ok()
    };
    field("calls=").unwrap_or(0) + field("rejected_calls=").unwrap_or(0)
}

/// Watches for a while how often configs are read and how often the server is connected to, by `counted`.
async fn none_is_a_storm(what: &str, world: &World, counted: impl Fn() -> u64, most: u64) {
    let (begun, before, read) = (Instant::now(), counted(), reads(&world.config));
    tokio::time::sleep(WATCHED).await;
    let seconds = begun.elapsed().as_secs() + 1;
    let (connections, read) = (counted() - before, reads(&world.config) - read);
    println!("figure: {what}: {read} reads and {connections} connections in {seconds} s");
    // Each connection reads the control key too.
    assert!(read <= 2 * most * seconds, "{read} reads of {what}");
    assert!(
        connections <= most * seconds,
        "{connections} connections to {what}"
    );
}

#[tokio::test]
async fn r6_a_key_that_may_not_be_read_is_not_read_in_a_loop() {
    let world = World::start();
    let (logs, other) = (declare("logs", WAIT), declare("other", WAIT));
    for component in [logs, other] {
        world.move_to(component, &world.a);
    }
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            for component in [logs, other] {
                assert_eq!(whereabouts(component).await.unwrap(), "a");
            }
            world.config.command(&[
                "ACL",
                "SETUSER",
                "default",
                "resetkeys",
                "~config:redis:other",
            ]);
            let mut writer = world.config.connection();
            let _: () = redis::cmd("ACL")
                .arg(&["SETUSER", "writer", "on", "nopass", "+@all", "allkeys"])
                .query(&mut writer)
                .unwrap();
            let _: () = redis::cmd("AUTH")
                .arg("writer")
                .arg("")
                .query(&mut writer)
                .unwrap();
            let _: () = redis::cmd("SET")
                .arg(logs.key())
                .arg(world.b.config())
                .query(&mut writer)
                .unwrap();
            until("it is seen to be refused", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                status().components[0].problem.is_some()
            })
            .await;
            let connections = || world.config.connections_received();
            none_is_a_storm("a refused key", &world, connections, 20).await;
            world
                .config
                .command(&["ACL", "SETUSER", "default", "allkeys"]);
            moved(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r6_a_key_of_the_wrong_type_that_is_written_all_the_time_is_not_read_in_a_loop() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.command(&["DEL", logs.key()]);
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let mut connection = world.config.connection();
            let key = logs.key();
            let writer = thread::spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let _: () = redis::cmd("RPUSH")
                        .arg(key)
                        .arg("x")
                        .query(&mut connection)
                        .unwrap();
                    thread::sleep(Duration::from_micros(500));
                }
            });
            let connections = || world.config.connections_received();
            none_is_a_storm("a list", &world, connections, 20).await;
            stop.store(true, Ordering::Relaxed);
            writer.join().unwrap();
            world.config.command(&["DEL", logs.key()]);
            world.move_to(logs, &world.b);
            moved(logs, "b").await;
        })
        .await;
}

/// A proxy that closes each connection after the first answer to a GETRANGE, until it is mended.
fn closes_after_a_read(server: u16) -> (u16, Arc<AtomicU64>, Arc<AtomicBool>) {
    let accepted = Arc::new(AtomicU64::new(0));
    let mended = Arc::new(AtomicBool::new(false));
    let (counts, is_mended) = (Arc::clone(&accepted), Arc::clone(&mended));
    let port = impostor(move |mut client| {
        counts.fetch_add(1, Ordering::Relaxed);
        let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let (mut request, mut reply) = ([0; 4096], [0; 64 * 1024]);
        while let Ok(sent @ 1..) = client.read(&mut request) {
            server.write_all(&request[..sent]).unwrap();
            let Ok(answered @ 1..) = server.read(&mut reply) else {
                return;
            };
            let is_read = String::from_utf8_lossy(&request[..sent]).contains("GETRANGE");
            let closes = is_read && !is_mended.load(Ordering::Relaxed);
            if client.write_all(&reply[..answered]).is_err() || closes {
                return;
            }
        }
    });
    (port, accepted, mended)
}

#[tokio::test]
async fn r6_a_proxy_that_closes_after_each_read_is_not_connected_to_in_a_loop() {
    for push in [true, false] {
        let world = World::start();
        let logs = declare("logs", WAIT);
        world.move_to(logs, &world.a);
        let (port, accepted, mended) = closes_after_a_read(world.config.port());
        let settings = Settings::new(format!("redis://127.0.0.1:{port}")).push(push);
        settings
            .reread_interval(HOUR)
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                let connections = || accepted.load(Ordering::Relaxed);
                none_is_a_storm("a proxy that closes", &world, connections, 8).await;
                world.move_to(logs, &world.b);
                moved(logs, "b").await;

                mended.store(true, Ordering::Relaxed);
                let begun = Instant::now();
                world.move_to(logs, &world.a);
                moved(logs, "a").await;
                // At most one pause is left over.
                let late = begun.elapsed();
                println!("figure: a proxy that has learned to keep connections: followed {late:?}");
                assert!(late < 2 * LATE, "{late:?}");
            })
            .await;
    }
}

#[tokio::test]
async fn r6_a_watch_whose_connections_are_cut_at_once_does_not_connect_in_a_loop() {
    let world = World::start();
    let proxy = Arc::new(Proxy::to(&world.config));
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    Settings::new(proxy.url())
        .reread_interval(HOUR)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let stop = Arc::new(AtomicBool::new(false));
            let (cuts, stopped) = (Arc::clone(&proxy), Arc::clone(&stop));
            let cutter = thread::spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    cuts.cut();
                    thread::sleep(Duration::from_millis(1));
                }
            });
            let connections = || proxy.accepted();
            // In a handshake that is cut off, pushes are asked for twice, and then it is done without.
            none_is_a_storm("a proxy that cuts", &world, connections, 3 * 20).await;
            stop.store(true, Ordering::Relaxed);
            cutter.join().unwrap();
            world.move_to(logs, &world.b);
            moved(logs, "b").await;
        })
        .await;
}
