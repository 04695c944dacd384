//! A config that changes faster than a server can be connected to.

use std::time::{Duration, Instant};

use redis_components::ErrorKind;
use redis_components_testing::Proxy;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::common::{SOON, World, always_fresh, whereabouts, with};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// Five times the time that calls take by design.
const RETURNS: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_config_that_keeps_changing_holds_up_no_call() {
    let world = World::start();
    let hole = Proxy::to(&world.b);
    hole.hold();
    let (logs, cold) = (always_fresh("logs"), always_fresh("cold"));
    world.move_to(logs, &world.a);
    let changes = async {
        for number in 0_u64.. {
            for component in [logs, cold] {
                let name = json!({"client_name": format!("n{number}")});
                world.set(component, &with(&hole.config(), &name));
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let settings = world.settings().connect_timeout(CONNECT_TIMEOUT);
    let calls = settings.response_timeout(SOON).scope(async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        tokio::select! {
            () = changes => unreachable!("it has no end"),
            // The config changes before the first of them.
            () = async {
                sleep(Duration::from_millis(200)).await;
                for _ in 0..2 {
                    let begun = Instant::now();
                    let called = timeout(RETURNS, whereabouts(logs)).await;
                    assert_eq!(called.expect("it returns").unwrap(), "a");
                    println!("figure: a config that keeps changing: {:?}", begun.elapsed());
                }
                let error = timeout(RETURNS, cold.connection()).await;
                let error = error.expect("it returns").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
            } => {}
        }
    });
    calls.await;
}
