//! 5.4.1: settings that change while the application runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use app::functions::settings::{ConfigError, Maintenance};
use app::settings::{get_config, is_under_maintenance, set_config, set_under_maintenance};
use redis_components::{ErrorKind, Settings};
use redis_components_testing::Server;
use serde::{Deserialize, Serialize};

use crate::{ask, components, patient, until};

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Limits {
    requests: u32,
    burst: Option<u32>,
    by_path: BTreeMap<String, u32>,
}

#[tokio::test]
async fn maintenance_is_asked_for_once_a_second() {
    let server = Server::start();
    components(["settings"], &server)
        .scope(async {
            let maintenance = Maintenance::new();
            assert!(!is_under_maintenance(&maintenance).await.unwrap());
            let begun = Instant::now();
            for _ in 0..500 {
                is_under_maintenance(&maintenance).await.unwrap();
            }
            let gets = server.command_calls("get");
            assert!(gets <= 2 + begun.elapsed().as_secs(), "{gets}");

            set_under_maintenance(true).await.unwrap();
            until("maintenance is seen", async || {
                is_under_maintenance(&maintenance).await.unwrap()
            })
            .await;
            set_under_maintenance(false).await.unwrap();
            until("the end of maintenance is seen", async || {
                !is_under_maintenance(&maintenance).await.unwrap()
            })
            .await;
            // Seen at the end of one second after it was remembered, and not by asking all the
            // time.
            assert!(begun.elapsed() > Duration::from_secs(1));
            assert!(server.command_calls("get") <= 3 + begun.elapsed().as_secs());
        })
        .await;
}

#[tokio::test]
async fn an_empty_flag_is_none() {
    let server = Server::start();
    components(["settings"], &server)
        .scope(async {
            server.command(&["SET", "is-under-maintenance", ""]);
            assert!(!is_under_maintenance(&Maintenance::new()).await.unwrap());
            server.command(&["SET", "is-under-maintenance", "1"]);
            assert!(is_under_maintenance(&Maintenance::new()).await.unwrap());
        })
        .await;
}

#[tokio::test]
async fn any_type_can_be_a_config() {
    let server = Server::start();
    components(["settings"], &server)
        .scope(async {
            let limits = Limits {
                requests: 100,
                burst: None,
                by_path: BTreeMap::from([("/search".to_owned(), 10)]),
            };
            set_config("limits", "web", &limits).await.unwrap();
            assert_eq!(get_config("limits", "web").await.unwrap(), Some(limits));
            assert_eq!(get_config::<Limits>("limits", "api").await.unwrap(), None);
            set_config("limits", "api", &[1, 2]).await.unwrap();
            let text: String = ask(&server, &["GET", "config:limits:api"]);
            assert_eq!(text, "[1,2]");
        })
        .await;
}

#[tokio::test]
async fn a_config_of_another_type_is_an_error_that_names_its_key() {
    let server = Server::start();
    components(["settings"], &server)
        .scope(async {
            server.command(&["SET", "config:limits:web", r#"{"requests": "many"}"#]);
            let error = get_config::<Limits>("limits", "web").await.unwrap_err();
            assert!(matches!(error, ConfigError::Json { .. }), "{error:?}");
            assert!(error.to_string().contains("`config:limits:web`"), "{error}");
            let unwritable = BTreeMap::from([(vec![1], 2)]);
            let error = set_config("limits", "web", &unwritable).await.unwrap_err();
            assert!(matches!(error, ConfigError::Json { .. }), "{error:?}");
        })
        .await;
}

/// The component on the config server itself: what it writes is where the next call of another
/// component goes.
#[tokio::test]
async fn configs_of_components_are_configs_too() {
    let [config, data] = [Server::start(), Server::start()];
    config.command(&["SET", app::settings::COMPONENT.key(), &config.config()]);
    patient(Settings::new(config.url()))
        .scope(async {
            let server = serde_json::json!({"host": "127.0.0.1", "port": data.port()});
            set_config("redis", "logs", &server).await.unwrap();
            app::logs::log_recent("main", "hello").await.unwrap();
            assert_eq!(data.command_calls("lpush"), 1);
        })
        .await;
}

#[tokio::test]
async fn a_missing_server_is_found_in_an_error_of_the_functions_own() {
    Settings::fixed::<&str, &str>([])
        .scope(async {
            let error = get_config::<Limits>("limits", "web").await.unwrap_err();
            let cause = redis_components::Error::of(&error).unwrap();
            assert_eq!(cause.component(), Some("settings"));
            assert_eq!(cause.kind(), ErrorKind::ConfigMissing);
        })
        .await;
}
