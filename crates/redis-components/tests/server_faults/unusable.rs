//! A server that is none, and answers that are cut off.

use std::time::Instant;

use redis_components::{ErrorKind, status};
use redis_components_testing::{Proxy, Server};

use crate::common::impostors::{impostor, refuses, web_server};
use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::{Call, STEADY, Traffic, failures, figure};
use crate::common::{World, declare, until};
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
            .settings(&world)
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
                    let there = if moves.elsewhere() == "a" { "b" } else { "a" };
                    until("it is mended", async || is_on(there, logs).await).await;
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

/// A proxy that cuts replies off, and soon does not, is no server that refuses: that would be left alone for half a minute.
#[tokio::test]
async fn r10_a_server_whose_replies_are_cut_off_is_down_and_not_wrong() {
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    for cut_after in [1, 3, 50] {
        let logs = declare("logs", Notice::Push.wait());
        world.set(logs, &proxy.config());
        proxy.cut_after(cut_after);
        world
            .settings()
            .scope(async {
                let error = logs.connection().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
                let error = logs.blocking_connection().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
            })
            .await;
    }
    let web = declare("web", Notice::Push.wait());
    world.set(
        web,
        &format!(r#"{{"host":"127.0.0.1","port":{}}}"#, impostor(web_server)),
    );
    world
        .settings()
        .scope(async {
            let error = web.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error}");
        })
        .await;
}
