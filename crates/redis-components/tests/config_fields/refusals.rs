//! What is refused is refused wherever it is written, and takes nothing down.

use redis_components::{ComponentConfig, ErrorKind, Settings, get_config, set_config, status};
use redis_components_testing::Server;

use crate::common::{World, always_fresh, whereabouts};
use crate::corpus::{Source, Verdict, cases};

/// Urls that are refused, each with a part of the reason.
fn refused_urls() -> Vec<(String, String)> {
    let cases = cases().into_iter();
    cases
        .filter_map(|case| match (case.source, case.verdict) {
            (Source::Url(url), Verdict::Refused(reason)) => Some((url, reason)),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn r11_a_url_that_is_refused_is_refused_as_the_config_servers_and_as_a_fixed_one() {
    for (url, reason) in refused_urls() {
        let logs = always_fresh("logs");
        for settings in [Settings::new(&url), Settings::fixed([("logs", &url)])] {
            let error = settings.scope(logs.connection()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings, "{url}: {error}");
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(&reason), "{url}: {shown}");
            assert!(!shown.contains("cretZ"), "{shown}");
        }
    }
}

#[tokio::test]
async fn r5_a_config_that_is_refused_leaves_the_old_one_in_force_and_says_why() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            for case in cases() {
                let (Source::Json(text), Verdict::Refused(reason)) = (&case.source, &case.verdict)
                else {
                    continue;
                };
                world.set(logs, text);
                let error = get_config(logs).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{}", case.name);
                assert_eq!(whereabouts(logs).await.unwrap(), "a", "{}", case.name);
                let problem = status().components[0].problem.clone().unwrap();
                assert!(problem.contains(reason), "{}: {problem}", case.name);
                assert!(!problem.contains("cretZ"), "{}: {problem}", case.name);
            }
        })
        .await;
}

/// The database of a url's query is the one that is used, on a data server and on the config server.
#[tokio::test]
async fn r1_the_database_of_a_urls_query_is_used() {
    let [config, data] = [Server::start(), Server::start()];
    let logs = always_fresh("logs");
    let there = format!(r#"{{"url":"redis://127.0.0.1:{}?db=3"}}"#, data.port());
    config.command(&["SET", logs.key(), r#"{"host":"lies.invalid"}"#]);
    config.command(&["SELECT", "3"]);
    config.command(&["SET", logs.key(), &there]);
    Settings::new(format!("{}?db=3", config.url()))
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let mut set = redis::cmd("SET");
            set.arg("k")
                .arg("v")
                .exec_async(&mut connection)
                .await
                .unwrap();
            data.command(&["SELECT", "3"]);
            assert_eq!(data.command(&["DBSIZE"]), redis::Value::Int(1));
        })
        .await;
}

#[tokio::test]
async fn r11_a_wildcard_address_is_not_written_either() {
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            for host in ["0.0.0.0", "0", "::", "::ffff:0.0.0.0", "h:6379", "[h]"] {
                let config = ComponentConfig::new(host);
                let error = set_config(logs, &config).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{host}: {error}");
            }
        })
        .await;
    assert_eq!(world.config.command_calls("set"), 0);
}
