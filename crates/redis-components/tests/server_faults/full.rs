//! A server that takes no more connections.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use redis_components::Scope;
use redis_components_testing::Server;

use crate::common::clients::clients;
use crate::common::{
    World, always_fresh, config_with, name_of_blocking, until_blocking, whereabouts_blocking,
};

/// Takes every connection that its server has left, for as long as it lives.
fn take_what_is_left(server: &Server) -> Vec<TcpStream> {
    let mut taken = Vec::new();
    loop {
        let before = server.connected_clients();
        taken.push(TcpStream::connect(("127.0.0.1", server.port())).unwrap());
        // Either it is a client now, or it was refused.
        thread::sleep(Duration::from_millis(50));
        if server.connected_clients() == before {
            return taken;
        }
    }
}

/// The pool keeps what it has, however many wait for the places that it would give away.
#[test]
fn r5_a_pool_that_cannot_grow_keeps_its_connections_and_says_why_it_does_not_grow() {
    let world = World::start();
    let logs = always_fresh("logs");
    let fields = r#""max_connections":4,"socket_connect_timeout":1"#;
    world.set(logs, &config_with(world.a.port(), fields));
    world.settings().scope_blocking(|| {
        let mut held = [
            logs.blocking_connection().unwrap(),
            logs.blocking_connection().unwrap(),
        ];
        for connection in &mut held {
            assert_eq!(name_of_blocking(connection).unwrap(), "a");
        }
        // Two of ours and the observer.
        world.a.command(&["CONFIG", "SET", "maxclients", "3"]);
        let refused = logs.blocking_connection().unwrap_err().to_string();
        assert!(refused.contains("max number of clients"), "{refused}");
        drop(held);
        let taken = take_what_is_left(&world.a);
        assert_eq!(clients(&world.a, "cmd=get"), 2, "ours are still there");
        // More threads than connections: they wait for one another.
        let scope = Scope::current().unwrap();
        thread::scope(|threads| {
            for _ in 0..4 {
                let scope = scope.clone();
                threads.spawn(move || {
                    scope.run_blocking(|| {
                        for _ in 0..100 {
                            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
                        }
                    });
                });
            }
        });
        drop(taken);
        until_blocking("it is used", || logs.blocking_connection().is_ok());
    });
}
