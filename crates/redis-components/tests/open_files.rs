//! R3: each connection is one file of the process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use common::{World, always_fresh, declare, until_blocking, whereabouts, whereabouts_blocking};
use redis::aio::{MultiplexedConnection, PubSub};
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Connection, Scope, Subscriber, blocking};
use redis_components_testing::Server;
use tokio::runtime::Builder;

/// The sockets for which this process has several files. The runtime of tokio may have some.
fn doubled() -> Vec<PathBuf> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    // A file may be closed meanwhile.
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let mut sockets: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for link in links.filter(|link| link.to_string_lossy().starts_with("socket:")) {
        *sockets.entry(link).or_default() += 1;
    }
    let doubled = sockets.into_iter().filter(|(_, files)| *files > 1);
    doubled.map(|(socket, _)| socket).collect()
}

async fn each_connection_is_one_file(server: &Server, config: &str) {
    server.command(&["SET", "name", "here"]);
    let world = World::start();
    let (logs, strict) = (
        declare("logs", Duration::from_secs(1)),
        always_fresh("strict"),
    );
    world.set(logs, config);
    world.set(strict, config);
    let before = doubled();
    let calls = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "here");
        for _ in 0..3 {
            assert_eq!(whereabouts(strict).await.unwrap(), "here");
        }
        let lent = <MultiplexedConnection as Acquire>::acquire(logs, "lent").await;
        let dedicated = <Connection as AcquireDedicated>::acquire(logs, "pop").await;
        let hears = <PubSub as Acquire>::acquire(logs, "hear").await;
        let follows = <Subscriber as Acquire>::acquire(logs, "listen").await;
        let scope = Scope::current().unwrap();
        let pops = tokio::task::block_in_place(|| {
            scope.run_blocking(|| {
                assert_eq!(whereabouts_blocking(logs).unwrap(), "here");
                assert_eq!(whereabouts_blocking(strict).unwrap(), "here");
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "pop")
            })
        });
        assert_eq!(doubled(), before);
        drop((
            lent.unwrap(),
            dedicated.unwrap(),
            hears.unwrap(),
            follows.unwrap(),
            pops.unwrap(),
        ));
    };
    world.settings().scope(calls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_connection_is_one_file() {
    let server = Server::start();
    each_connection_is_one_file(&server, &server.config()).await;
}

/// How many runtimes of tokio have a file of this process, to wait for events.
fn runtimes() -> usize {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    links
        .filter(|link| link.to_string_lossy().contains("eventpoll"))
        .count()
}

fn a_runtime_that_is_gone_leaves_no_file(server: &Server) {
    server.command(&["SET", "name", "here"]);
    let world = World::start();
    let (logs, strict) = (
        declare("logs", Duration::from_secs(1)),
        always_fresh("strict"),
    );
    world.set(logs, &server.config());
    world.set(strict, &server.config());
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        assert_eq!(whereabouts_blocking(logs).unwrap(), "here");
        let before = runtimes();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let kept = runtime.block_on(scope.run(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "here");
            assert_eq!(whereabouts(strict).await.unwrap(), "here");
            logs.connection().await.unwrap()
        }));
        assert_eq!(runtimes(), before + 2, "a runtime has two");
        drop(runtime);
        until_blocking("its files are closed", || runtimes() == before);
        drop(kept);
    });
}

#[test]
fn r3_a_runtime_that_is_gone_leaves_no_file() {
    a_runtime_that_is_gone_leaves_no_file(&Server::start());
}

#[cfg(feature = "tls")]
#[test]
fn r3_a_runtime_that_is_gone_leaves_no_file_with_tls() {
    let tls = redis_components_testing::Tls::new();
    a_runtime_that_is_gone_leaves_no_file(&Server::builder().tls(&tls).start());
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_connection_over_tls_is_one_file() {
    let tls = redis_components_testing::Tls::new();
    let server = Server::builder().tls(&tls).start();
    each_connection_is_one_file(&server, &server.config()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_connection_over_a_unix_socket_is_one_file() {
    let server = Server::builder().unix_socket().start();
    let config = serde_json::json!({"unix_socket_path": server.unix_socket().unwrap()});
    each_connection_is_one_file(&server, &config.to_string()).await;
}
