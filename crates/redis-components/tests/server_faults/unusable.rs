//! A new server that cannot be used, or not yet.

use std::net::{IpAddr, UdpSocket};
use std::time::Instant;

use redis_components::{ErrorKind, status};
use redis_components_testing::{Proxy, Server};

use crate::common::cold::cold_errors;
use crate::common::impostors::{impostor, protected, refuses, tarpit, web_server};
use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::{Call, STEADY, Traffic, failures, figure};
use crate::common::{
    HOUR, SOON, World, always_fresh, arrives, declare, declare_with_connections, until, whereabouts,
};
use crate::{BACK, CONNECT_TIMEOUT, is_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_new_server_that_cannot_be_used_fails_no_call() {
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "right"]);
    let (hole, cutter) = (Proxy::to(&world.b), Proxy::to(&world.b));
    hole.hold();
    cutter.cut_after(1);
    let on = |port: u16| format!(r#"{{"host":"127.0.0.1","port":{port},"password":"wrong"}}"#);
    let unusable = [
        ("a refusing port", on(refuses())),
        ("a black hole", hole.config()),
        ("a server that hangs up", cutter.config()),
        ("a web server", on(impostor(web_server))),
        ("a wrong password", on(locked.port())),
        ("no password", locked.config()),
    ];
    for notice in Notice::BOTH {
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(world.default_settings().response_timeout(SOON))
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                for (what, config) in &unusable {
                    world.set(logs, config);
                    let set = Instant::now();
                    until("it is found to be unusable", async || {
                        status().components[0].problem.is_some()
                    })
                    .await;
                    let found = set.elapsed();
                    assert!(
                        found <= notice.bound() + CONNECT_TIMEOUT,
                        "{what}: {found:?}"
                    );
                    traffic.goes_on(200).await;
                    let mended = moves.on();
                    until("it is mended", async || is_on(moves.here(), logs).await).await;
                    let back = mended.elapsed();
                    assert!(back <= BACK, "{what}: {back:?}");
                    println!("figure: {notice:?}: {what}: found {found:?}, mended {back:?}");
                }
                let calls = traffic.stop().await;
                assert_eq!(failures(&calls), [""; 0]);
                // Those who saw the change waited for the first attempt.
                let slowest = calls.iter().map(Call::took).max().unwrap();
                assert!(slowest <= CONNECT_TIMEOUT + LATE, "{slowest:?}");
                figure("unusable servers: calls took", calls.iter().map(Call::took));
            })
            .await;
    }
}

/// Returns the address by which other machines know this one, if it has one.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    // This sends nothing.
    socket.connect(("192.0.2.1", 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}

/// It answers once, whatever it was asked, and hangs up.
#[tokio::test]
async fn r5_a_new_server_in_protected_mode_is_not_moved_to() {
    let world = World::start();
    let logs = always_fresh("logs");
    let mut places = vec![("127.0.0.1".to_owned(), impostor(protected))];
    // Redis protects itself from clients that do not come from a loopback address.
    let real = Server::start_with(&["--protected-mode", "yes", "--bind", "*"]);
    places.extend(own_address().map(|address| (address.to_string(), real.port())));
    let forms = ["", r#","password":"p","db":2"#, r#","client_name":"logs""#];
    let each = places
        .iter()
        .flat_map(|place| forms.map(|fields| (place, fields)));
    for ((host, port), fields) in each {
        world.move_to(logs, &world.a);
        world
            .settings()
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                let config = format!(r#"{{"host":"{host}","port":{port}{fields}}}"#);
                world.set(logs, &config);
                until("the reason is shown", async || {
                    assert_eq!(whereabouts(logs).await.unwrap(), "a", "{fields}");
                    let problem = &status().components[0].problem;
                    problem
                        .as_ref()
                        .is_some_and(|text| text.contains("protected mode; give it a password"))
                })
                .await;
                let current = status().components[0].current.clone();
                assert_eq!(current.unwrap().generation, 1, "{fields}");
            })
            .await;
    }
}

#[tokio::test]
async fn r5_a_server_that_comes_up_after_its_config_is_moved_to() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.b.stop();
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.b.restart();
            world.b.command(&["SET", "name", "b"]);
            arrives(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r5_a_server_that_takes_too_few_connections_does_not_come_into_force_unused() {
    let world = World::start();
    // One for who observes it, and one for us.
    let narrow = Server::start_with(&["--maxclients", "2"]);
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.move_to(logs, &narrow);
            // Nobody calls: it is the watch that tries the new server, and again.
            let generation = || status().components[0].current.as_ref().unwrap().generation;
            until("it is tried", async || {
                status().components[0].problem.is_some()
            })
            .await;
            assert_eq!(generation(), 1);
            let tried = narrow.connections_received();
            until("it is tried again", async || {
                narrow.connections_received() > tried
            })
            .await;
            assert_eq!(generation(), 1);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test]
async fn r10_a_server_that_cannot_be_used_is_named_in_a_typed_error() {
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "right"]);
    // It answers that it does not know the command, and repeats the command's arguments.
    let without_auth = Server::start_with(&["--rename-command", "AUTH", ""]);
    let on = |port: u16| format!(r#"{{"host":"127.0.0.1","port":{port},"password":"S3CR3T-7f"}}"#);
    let cases = [
        (on(refuses()), ErrorKind::ServerUnreachable),
        (on(impostor(tarpit)), ErrorKind::ServerUnreachable),
        (on(impostor(web_server)), ErrorKind::ServerRefused),
        (on(locked.port()), ErrorKind::ServerRefused),
        (on(without_auth.port()), ErrorKind::ServerRefused),
    ];
    for (config, expected) in cases {
        world.config.command(&["SET", "config:redis:logs", &config]);
        for error in cold_errors(world.default_settings(), expected).await {
            assert!(
                !format!("{error} {error:?}").contains("S3CR3T"),
                "{error:?}"
            );
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{source:?}").contains("S3CR3T"), "{source:?}");
        }
    }
}
