//! A network that has forgotten connections which were idle, as a NAT does: what is sent over them
//! goes nowhere.

use std::time::Duration;

use crate::common::impostors::forgetful;
use crate::common::{HOUR, World, config_with, declare, name_of, until_blocking, whereabouts};

/// Longer than a connection may be idle without being doubted.
const IDLE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn r10_a_connection_that_was_forgotten_while_it_was_idle_fails_one_call() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    let (port, forget) = forgetful(world.a.port());
    world.set(logs, &config_with(port, r#""socket_timeout":2"#));
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            tokio::time::sleep(IDLE).await;
            forget();
            let mut failed = 0;
            while failed < 10 {
                let mut connection = logs.connection().await.unwrap();
                if name_of(&mut connection).await.is_ok() {
                    break;
                }
                failed += 1;
            }
            assert!(failed <= 1, "{failed} calls failed");
        })
        .await;
}

#[test]
fn r10_a_blocking_connection_that_was_forgotten_while_it_was_idle_fails_no_call() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    let (port, forget) = forgetful(world.a.port());
    world.set(logs, &config_with(port, r#""socket_timeout":2"#));
    world.settings().scope_blocking(|| {
        let name = || {
            let mut connection = logs.blocking_connection()?;
            crate::common::name_of_blocking(&mut connection)
        };
        until_blocking("it is used", || name().is_ok());
        std::thread::sleep(IDLE);
        forget();
        assert_eq!(name().unwrap(), "a");
    });
}
