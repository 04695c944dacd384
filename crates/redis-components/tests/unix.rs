//! Servers that are reached over a unix socket, and what is refused.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "common/mod.rs"]
mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use redis_components::{
    ComponentConfig, EndpointKind, ErrorKind, Scope, Settings, set_config, status,
};
use redis_components_testing::Server;
use serde_json::json;

use crate::common::kinds::{all_lead_to, all_lead_to_blocking, others_are_refused};
use crate::common::{World, always_fresh, arrives, whereabouts, whereabouts_blocking};

fn server() -> Server {
    let server = Server::builder().unix_socket().start();
    server.command(&["SET", "name", "unix"]);
    server
}

fn config(path: &Path) -> String {
    json!({"unix_socket_path": path}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_every_kind_of_connection_goes_over_a_unix_socket() {
    let server = server();
    let world = World::start();
    let logs = always_fresh("logs");
    let path = server.unix_socket().unwrap();
    world.set(logs, &config(path));
    world
        .settings()
        .scope(async {
            all_lead_to(logs, &server, "unix").await;
            others_are_refused(logs, "a unix socket").await;
            let scope = Scope::current().unwrap();
            tokio::task::block_in_place(|| {
                scope.run_blocking(|| all_lead_to_blocking(logs, &server, "unix"));
            });
            let current = status().components[0].current.clone().unwrap();
            assert_eq!(current.endpoint, EndpointKind::UnixSocket);
            assert_eq!((&*current.host, current.port), (path.to_str().unwrap(), 0));
        })
        .await;
}

#[tokio::test]
async fn r13_a_database_and_a_login_hold_over_a_unix_socket() {
    let server = Server::builder()
        .unix_socket()
        .arguments(&["--requirepass", "S3cret"])
        .start();
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            let there = ComponentConfig::unix(server.unix_socket().unwrap());
            set_config(logs, &there.db(3).password("S3cret"))
                .await
                .unwrap();
            let mut connection = logs.connection().await.unwrap();
            let mut set = redis::cmd("SET");
            let set = set.arg("k").arg("v");
            set.exec_async(&mut connection).await.unwrap();
            server.command(&["SELECT", "3"]);
            assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(1));
        })
        .await;
}

#[tokio::test]
async fn r13_the_config_server_listens_on_a_unix_socket() {
    let configs = server();
    let world = World::start();
    let logs = always_fresh("logs");
    configs.command(&["SET", logs.key(), &world.a.config()]);
    let url = format!("redis+unix://{}", configs.unix_socket().unwrap().display());
    common::patient(Settings::new(url))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            configs.command(&["SET", logs.key(), &world.b.config()]);
            arrives(logs, "b").await;
        })
        .await;
}

/// The server hangs up at once, and then nothing can be written to a unix socket any more.
#[tokio::test]
async fn r5_a_server_at_its_limit_of_clients_is_heard_over_a_unix_socket() {
    let server = server();
    // The connection that sends this stays.
    server.command(&["CONFIG", "SET", "maxclients", "1"]);
    let logs = always_fresh("logs");
    let there = config(server.unix_socket().unwrap());
    let settings = Settings::fixed([("logs", there)]);
    for _ in 0..50 {
        let scoped = settings.clone().scope(logs.connection()).await;
        let blocking = settings.clone();
        let blocking = blocking.scope_blocking(|| logs.blocking_connection().unwrap_err());
        for error in [scoped.unwrap_err(), blocking] {
            assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error}");
            let told = error.to_string();
            assert!(told.contains("max number of clients reached"), "{told}");
        }
    }
}

#[tokio::test]
async fn r5_a_server_that_restarts_is_found_again() {
    let server = server();
    let world = World::start();
    let logs = always_fresh("logs");
    world.set(logs, &config(server.unix_socket().unwrap()));
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "unix");
            server.stop();
            common::until("its end is seen", async || logs.connection().await.is_err()).await;
            server.restart();
            server.command(&["SET", "name", "again"]);
            common::until("it is back", async || {
                matches!(whereabouts(logs).await.as_deref(), Ok("again"))
            })
            .await;
        })
        .await;
}

/// Asserts that a path is refused by a component that works, which goes on, and by one that never
/// had a config.
async fn is_refused(path: &Path, kind: ErrorKind, reason: &str) {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let settings = || world.default_settings();
    settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(logs, &config(path));
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let problem = status().components[0].problem.clone().unwrap();
            assert!(problem.contains(reason), "{problem}");
        })
        .await;
    let error = settings().scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(
        text.contains(reason) && text.contains(path.to_str().unwrap()),
        "{text}"
    );
    let error = settings().scope_blocking(|| whereabouts_blocking(logs).unwrap_err());
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[tokio::test]
async fn r5_a_path_without_a_server_is_refused_and_the_error_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.sock");
    let unreachable = ErrorKind::ServerUnreachable;
    is_refused(&missing, unreachable, "there is no such socket").await;
    let deserted = folder.path().join("deserted.sock");
    drop(UnixListener::bind(&deserted).unwrap());
    is_refused(&deserted, unreachable, "no server listens on the socket").await;
    let file = folder.path().join("file.sock");
    std::fs::write(&file, "").unwrap();
    for path in [&*file, folder.path()] {
        is_refused(path, unreachable, "it is no socket").await;
    }
}

#[tokio::test]
async fn r5_a_socket_that_may_not_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forbidden.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if UnixStream::connect(&path).is_ok() {
        // Nothing is forbidden to this user.
        return;
    }
    let reason = "this process may not use the socket";
    is_refused(&path, ErrorKind::ServerUnreachable, reason).await;
}

#[tokio::test]
async fn r10_a_socket_whose_queue_is_full_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full.sock");
    let listening = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let listening = listening.unwrap();
    listening
        .bind(&socket2::SockAddr::unix(&path).unwrap())
        .unwrap();
    listening.listen(1).unwrap();
    let full = || {
        let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let client = client.unwrap();
        client.set_nonblocking(true).unwrap();
        let connected = client.connect(&socket2::SockAddr::unix(&path).unwrap());
        connected.map(|()| client)
    };
    let waiting: Vec<_> = std::iter::from_fn(|| full().ok()).take(100).collect();
    assert!(waiting.len() < 100);
    let reason = "more clients wait for the socket than it takes";
    let begun = std::time::Instant::now();
    is_refused(&path, ErrorKind::ServerRefused, reason).await;
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn r6_a_socket_whose_path_without_links_is_too_long_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (long, short) = (folder.path().join("x".repeat(100)), folder.path().join("s"));
    std::fs::create_dir(&long).unwrap();
    std::os::unix::fs::symlink(&long, &short).unwrap();
    let path = short.join("redis.sock");
    let _listens = UnixListener::bind(&path).unwrap();
    let logs = always_fresh("logs");
    let settings = Settings::fixed([("logs", config(&path))]);
    let error = settings.scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
    let reason = "its path without links is longer than 107 bytes";
    assert!(error.to_string().contains(reason), "{error}");
}
