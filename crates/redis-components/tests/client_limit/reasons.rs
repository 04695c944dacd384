//! Why a server gives no place, as callers and operators are told.

use std::time::Instant;

use redis_components::__private::{AcquireBlocking, AcquireDedicatedBlocking};
use redis_components::{ErrorKind, Settings, blocking, status};
use redis_components_testing::Server;

use crate::common::{SOON, always_fresh};
use crate::crowd::limit;
use crate::log::Log;

#[test]
fn r10_why_a_pool_does_not_grow_reaches_the_caller_the_status_and_the_log() {
    let log = Log::default();
    let locked = Server::start_with(&["--requirepass", "right"]);
    limit(&locked, 2);
    let url = format!("redis://:right@127.0.0.1:{}/3", locked.port());
    let logs = always_fresh("logs");
    let run = || {
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        for _ in 0..2 {
            let begun = Instant::now();
            let error = logs.blocking_connection().unwrap_err();
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error:?}");
            assert!(
                error.to_string().contains("max number of clients"),
                "{error}"
            );
            assert!(error.to_string().contains("all 2 "), "{error}");
        }
        let problem = status().components[0].problem.clone().unwrap();
        assert!(problem.contains("max number of clients"), "{problem}");
        drop(both);
        assert!(logs.blocking_connection().is_ok());
    };
    tracing::subscriber::with_default(log.clone(), || {
        Settings::fixed([("logs", url)]).scope_blocking(run);
    });
    let lines = log.0.lock().unwrap();
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("max number of clients"))
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert!(told[0].contains("component=\"logs\""), "{told:?}");
}

#[test]
fn r10_a_component_that_finds_no_place_at_all_says_so_by_every_kind_of_connection() {
    let locked = Server::start_with(&["--requirepass", "right"]);
    let crowd = [(); 3].map(|()| locked.connection());
    limit(&locked, 3);
    for path in ["", "/3"] {
        let logs = always_fresh("logs");
        let url = format!("redis://:right@127.0.0.1:{}{path}", locked.port());
        Settings::fixed([("logs", url)]).scope_blocking(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let errors = [
                logs.blocking_connection().unwrap_err(),
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap_err(),
                <redis::Connection as AcquireBlocking>::acquire(logs, "f")
                    .err()
                    .unwrap(),
                runtime.block_on(logs.connection()).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error:?}");
                assert!(
                    error.to_string().contains("max number of clients"),
                    "{error}"
                );
            }
            let problem = status().components[0].problem.clone().unwrap();
            assert!(problem.contains("max number of clients"), "{problem}");
        });
    }
    drop(crowd);
}
