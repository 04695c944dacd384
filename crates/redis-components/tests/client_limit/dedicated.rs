//! Connections of calls alone, beside a pool that cannot grow.

use std::thread;
use std::time::{Duration, Instant};

use redis::{Commands, RedisResult};
use redis_components::__private::{AcquireBlocking, AcquireDedicatedBlocking};
use redis_components::{ErrorKind, Scope, blocking};

use crate::common::SOON;
use crate::common::clients::clients;
use crate::crowd::{callers, count, limited, settings};

#[test]
fn r10_a_dedicated_connection_that_is_refused_leaves_the_pool_as_it_is() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        for mut connection in both {
            let _: u64 = connection.incr("counter", 1).unwrap();
        }
        let before = callers(&server);
        assert_eq!(before.len(), 2);
        for _ in 0..20 {
            let errors = [
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").err(),
                <redis::Connection as AcquireBlocking>::acquire(logs, "f").err(),
            ];
            for error in errors.into_iter().flatten() {
                assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error:?}");
                assert!(
                    error.to_string().contains("max number of clients"),
                    "{error}"
                );
            }
            assert_eq!(count(logs), Ok(()));
        }
        assert_eq!(callers(&server), before);
    });
}

#[test]
fn r10_a_call_that_waits_is_not_ended_because_the_pool_cannot_grow() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let mut dedicated =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap();
        let held = logs.blocking_connection().unwrap();
        let scope = Scope::current().unwrap();
        let waiting = thread::spawn(move || {
            scope.run_blocking(|| {
                let popped: RedisResult<(String, String)> = redis::cmd("BLPOP")
                    .arg("queue")
                    .arg(0)
                    .query(&mut dedicated);
                popped
            })
        });
        let begun = Instant::now();
        while clients(&server, "cmd=blpop") == 0 {
            assert!(begun.elapsed() < SOON);
        }
        // Longer than what it takes until the call asks whether the server is there, and the wait for a place.
        thread::sleep(Duration::from_secs(8));
        server.command(&["RPUSH", "queue", "element"]);
        let popped = waiting.join().unwrap().unwrap();
        assert_eq!(popped.1, "element");
        drop(held);
    });
}
