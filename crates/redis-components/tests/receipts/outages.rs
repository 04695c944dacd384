//! Config servers that lose what they have, or cannot be written.

use std::time::Duration;

use redis_components::receipts::ReceiptState;
use redis_components::{ConfigSource, status};
use redis_components_testing::Server;

use crate::board::{keys, members, receipts, says, settings};
use crate::common::{World, declare, until, whereabouts};
use crate::log::{lines, listen};

const WAIT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn r14_a_config_server_that_comes_back_empty_gets_everything_again() {
    let world = World::start();
    let (logs, stats) = (declare("logs", WAIT), declare("stats", WAIT));
    world.move_to(logs, &world.a);
    world.move_to(stats, &world.b);
    let app = "empty";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            whereabouts(stats).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            says(&world.config, app, stats, ReceiptState::Ok, |_| true).await;
            world.config.restart();
            let written = |name: &str| {
                let all = receipts(&world.config, app);
                all.iter().any(|receipt| receipt.component(name).is_some())
            };
            until("it is written again", async || {
                written("logs") && written("stats")
            })
            .await;
            assert_eq!(members(&world.config).len(), 1);
            let ttl = world.config.command(&["TTL", &keys(&world.config)[0]]);
            let ttl: i64 = redis::from_redis_value(ttl).unwrap();
            assert!((1..=35).contains(&ttl), "{ttl}");
        })
        .await;
}

#[tokio::test]
async fn r14_a_replica_serves_configs_and_takes_receipts_once_it_is_promoted() {
    listen();
    let world = World::start();
    let replica = Server::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let port = world.config.port().to_string();
    replica.command(&["REPLICAOF", "127.0.0.1", &port]);
    until("it has the config", async || {
        replica.command(&["EXISTS", logs.key()]) == redis::Value::Int(1)
    })
    .await;
    let app = "replica";
    crate::common::patient(redis_components::Settings::new(replica.url()))
        .application(app)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(status().components[0].source, ConfigSource::Push);
            let server = format!("127.0.0.1:{}", replica.port());
            let told = || lines(&["receipts cannot be written", "READONLY", &server]).len();
            until("it is told", async || told() == 1).await;
            replica.command(&["REPLICAOF", "NO", "ONE"]);
            says(&replica, app, logs, ReceiptState::Ok, |_| true).await;
            assert_eq!(told(), 1);
        })
        .await;
}
