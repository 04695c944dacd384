//! The connections of a pool that cannot grow.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis::{Commands, ConnectionLike, RedisResult};
use redis_components::{ErrorKind, Scope, Settings, status};
use redis_components_testing::Server;

use crate::common::traffic::figure;
use crate::common::{SOON, always_fresh};
use crate::crowd::{Crowd, callers, count, limit, limited, load, settings};

#[test]
fn r10_a_pool_at_the_client_limit_keeps_its_connections_and_hands_them_to_who_waits() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        for mut connection in both {
            let _: u64 = connection.incr("counter", 1).unwrap();
        }
        let before = callers(&server);
        assert_eq!(before.len(), 2);
        let crowd = Crowd::at(server.port());
        let calls = load(logs, 4, |number| number == 500);
        drop(crowd);
        let failed: Vec<_> = calls
            .iter()
            .filter(|(_, outcome)| outcome.is_err())
            .collect();
        assert!(
            failed.is_empty(),
            "{} of {}: {failed:?}",
            failed.len(),
            calls.len()
        );
        assert_eq!(callers(&server), before);
        figure(
            "client limit: calls took",
            calls.iter().map(|(took, _)| *took),
        );

        limit(&server, 10);
        let begun = Instant::now();
        let more = load(logs, 4, |_| {
            callers(&server).len() > 2 || begun.elapsed() > SOON
        });
        assert!(more.iter().all(|(_, outcome)| outcome.is_ok()), "{more:?}");
        assert!(callers(&server).len() > 2, "it grows once it may");
    });
}

#[test]
fn r10_a_limit_that_hangs_up_in_the_handshake_leaves_the_pool_as_it_is_too() {
    let server = Server::start();
    let to = server.port();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let hung_up = Arc::new(AtomicUsize::new(0));
    let hangs_up = Arc::clone(&hung_up);
    thread::spawn(move || {
        let mut places = 2;
        for mut client in listener.incoming().flatten() {
            if places == 0 {
                hangs_up.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            places -= 1;
            let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let (mut replies, mut back) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut replies, &mut back));
            thread::spawn(move || std::io::copy(&mut client, &mut server));
        }
    });
    let logs = always_fresh("logs");
    let settings = Settings::fixed([("logs", format!("redis://127.0.0.1:{port}"))]);
    // Longer than the machine stands still, and the last call waits for so long.
    let patient = Duration::from_secs(5);
    let settings = settings.connect_timeout(patient).response_timeout(patient);
    settings.scope_blocking(|| {
        let begun = Instant::now();
        let calls = load(logs, 4, |_| begun.elapsed() > Duration::from_secs(2));
        let failed: Vec<_> = calls
            .iter()
            .filter(|(_, outcome)| outcome.is_err())
            .collect();
        assert!(
            failed.is_empty(),
            "{} of {}: {failed:?}",
            failed.len(),
            calls.len()
        );
        let tries = hung_up.load(Ordering::Relaxed);
        println!("figure: client limit: {tries} tries to grow in two seconds");
        assert!((1..=60).contains(&tries), "{tries}");
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
        // It is a reset if the handshake had reached the socket by then.
        let text = error.to_string();
        let hung_up = ["closed the connection", "reset by peer", "Broken pipe"];
        assert!(hung_up.iter().any(|how| text.contains(how)), "{text}");
        drop(both);
        assert_eq!(count(logs), Ok(()));
    });
}

#[test]
fn r10_one_connection_that_ends_costs_a_pool_at_the_client_limit_no_other() {
    let (server, logs) = limited(3);
    settings(&server).scope_blocking(|| {
        let mut all = [(); 3].map(|()| logs.blocking_connection().unwrap());
        for connection in &mut all {
            let _: u64 = connection.incr("counter", 1).unwrap();
        }
        let before = callers(&server);
        assert_eq!(before.len(), 3);
        let [first, second, mut third] = all;
        let victim: u64 = redis::cmd("CLIENT").arg("ID").query(&mut third).unwrap();
        server.command(&["CLIENT", "KILL", "ID", &victim.to_string()]);
        // Somebody else is quicker.
        let crowd = Crowd::at(server.port());
        drop((first, second));
        let lost: RedisResult<u64> = third.incr("counter", 1);
        assert!(lost.is_err() && !third.is_open());
        for _ in 0..100 {
            assert_eq!(count(logs), Ok(()));
        }
        let left = callers(&server);
        assert!(
            left.len() == 2 && left.is_subset(&before),
            "{left:?} of {before:?}"
        );
        drop(crowd);
    });
}

/// A caller that keeps a connection that has failed must not make the others wait for it.
#[test]
fn r10_a_server_that_is_gone_is_found_out_at_once_where_a_pool_could_not_grow() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let mut both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        let scope = Scope::current().unwrap();
        let waiting = thread::spawn(move || {
            scope.run_blocking(|| {
                let begun = Instant::now();
                (logs.blocking_connection().unwrap_err(), begun.elapsed())
            })
        });
        let begun = Instant::now();
        while status().components[0].problem.is_none() {
            assert!(begun.elapsed() < SOON);
        }
        let stopped = Instant::now();
        server.stop();
        for connection in &mut both {
            let lost: RedisResult<u64> = connection.incr("counter", 1);
            assert!(lost.is_err());
        }
        let (error, took) = waiting.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
        figure(
            "client limit, then killed: the call that waited was told after",
            [stopped.elapsed()],
        );
        assert!(took < SOON, "{took:?}");
        let begun = Instant::now();
        for _ in 0..1000 {
            assert!(logs.blocking_connection().is_err());
        }
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
        drop(both);
    });
}
