//! Several config servers: the first that answers is used.

use std::time::{Duration, Instant};

use redis_components::{ErrorKind, get_config, set_config, status};
use redis_components_testing::Server;

use crate::common::{HOUR, SOON, arrives, declare, patient, until, whereabouts};
use crate::{Data, address, list, set, used};

#[tokio::test]
async fn r13_the_first_config_server_that_answers_is_used() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", HOUR);
    set(&servers[0], &data.a);
    set(&servers[1], &data.b);
    let settings = patient(list(&[&servers[0], &servers[1]]));
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(used(), address(&servers[0]));
            assert_eq!(status().components[0].warning, None);
        })
        .await;
    servers[0].stop();
    let settings = patient(list(&[&servers[0], &servers[1]]));
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert_eq!(used(), address(&servers[1]));
            let warning = status().components[0].warning.clone().unwrap();
            assert!(warning.contains(&address(&servers[0])), "{warning}");
        })
        .await;
}

#[tokio::test]
async fn r10_a_config_server_that_is_frozen_does_not_hold_up_the_next() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", HOUR);
    set(&servers[1], &data.b);
    servers[0].freeze();
    let settings = list(&[&servers[0], &servers[1]]).connect_timeout(SOON);
    settings
        .scope(async {
            let begun = Instant::now();
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            // A quarter of a second belongs to the first.
            assert!(begun.elapsed() < SOON / 5, "{:?}", begun.elapsed());
        })
        .await;
    servers[0].thaw();
}

#[tokio::test]
async fn r2_when_a_config_server_goes_the_next_one_is_followed_and_nothing_fails() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", Duration::from_millis(100));
    for server in &servers {
        set(server, &data.a);
    }
    let settings = list(&[&servers[0], &servers[1]]).connect_timeout(SOON);
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            servers[0].stop();
            set(&servers[1], &data.b);
            arrives(logs, "b").await;
            assert_eq!(used(), address(&servers[1]));
            // Pushes come from there.
            set(&servers[1], &data.a);
            arrives(logs, "a").await;

            // The first is back: it is used when the second goes, frozen this time.
            servers[0].restart();
            set(&servers[0], &data.b);
            assert_eq!(used(), address(&servers[1]));
            servers[1].freeze();
            arrives(logs, "b").await;
            assert_eq!(used(), address(&servers[0]));
            assert_eq!(status().components[0].warning, None);
        })
        .await;
    servers[1].thaw();
}

#[tokio::test]
async fn r13_configs_are_written_to_the_server_that_answers() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", HOUR);
    set(&servers[1], &data.a);
    servers[0].stop();
    let settings = patient(list(&[&servers[0], &servers[1]]));
    settings
        .scope(async {
            let config = get_config(logs).await.unwrap();
            set_config(logs, &config.port(data.b.port())).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}

#[tokio::test]
async fn r13_a_replica_of_the_config_server_gives_configs_and_takes_none() {
    let primary = Server::start_with(&["--repl-diskless-sync-delay", "0"]);
    let data = Data::start();
    let port = primary.port().to_string();
    let replica = Server::start_with(&["--replicaof", "127.0.0.1", &port]);
    let logs = declare("logs", Duration::from_millis(100));
    set(&primary, &data.a);
    patient(list(&[&replica]))
        .scope(async {
            until("the replica has the config", async || {
                whereabouts(logs).await.is_ok_and(|name| name == "a")
            })
            .await;
            set(&primary, &data.b);
            arrives(logs, "b").await;
            let config = get_config(logs).await.unwrap();
            let error = set_config(logs, &config).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerRefused);
            assert!(
                error.to_string().contains("write to its primary"),
                "{error}"
            );
        })
        .await;
}

#[tokio::test]
async fn r5_if_no_config_server_answers_the_error_says_why_for_each() {
    let servers = [Server::start(), Server::start()];
    servers.iter().for_each(Server::stop);
    let logs = declare("logs", HOUR);
    list(&[&servers[0], &servers[1]])
        .scope(async {
            let error = whereabouts(logs).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
            let text = error.to_string();
            for server in &servers {
                let reason = format!("{}: ", address(server));
                assert!(text.contains(&reason), "{text}");
            }
        })
        .await;
}
