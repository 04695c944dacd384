//! Configs written to a config server that does not answer.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis_components::{ComponentConfig, ErrorKind, set_config};

use crate::common::clients::kill_clients;
use crate::common::moves::{LATE, Notice};
use crate::common::traffic::figure;
use crate::common::{World, always_fresh, whereabouts};
use crate::is_on;

/// How long a config server that does not answer is waited for.
const SILENT: Duration = Duration::from_millis(500);

/// Each would wait for a timeout of its own otherwise, and the calls behind them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_configs_written_to_a_frozen_config_server_fail_together_and_hold_up_no_call() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = always_fresh("logs");
        world.move_to(logs, &world.a);
        let settings = notice.apply(world.settings());
        let written = settings.scope(async {
            assert!(is_on("a", logs).await);
            world.config.freeze();
            let begun = Instant::now();
            let writing = (0..10).map(|_| async {
                let config = ComponentConfig::from_json(&world.b.config()).unwrap();
                set_config(logs, &config).await.unwrap_err().kind()
            });
            let calling = async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                begun.elapsed()
            };
            let (errors, called) = tokio::join!(join_all(writing), calling);
            assert_eq!(errors, [ErrorKind::ConfigServerUnreachable; 10]);
            let failed = begun.elapsed();
            assert!(called <= SILENT + LATE, "{called:?}");
            assert!(failed <= 2 * SILENT + LATE, "{failed:?}");
            figure("frozen config server: ten writes failed after", [failed]);
            figure("frozen config server: a call behind them took", [called]);
            world.config.thaw();
        });
        written.await;
    }
}

#[tokio::test]
async fn r10_a_config_is_written_over_a_connection_that_had_ended_while_it_was_idle() {
    let world = World::start();
    let logs = always_fresh("logs");
    let written = world.settings().push(false).scope(async {
        for server in [&world.a, &world.b] {
            kill_clients(&world.config);
            let config = ComponentConfig::from_json(&server.config()).unwrap();
            set_config(logs, &config).await.unwrap();
        }
        assert_eq!(whereabouts(logs).await.unwrap(), "b");
    });
    written.await;
}
