//! A config server that sentinels watch.

use std::time::Duration;

use redis_components::{ErrorKind, Scope, Settings, status};
use redis_components_testing::Sentinels;
use serde_json::{Value, json};

use crate::common::{arrives, declare, patient, whereabouts};
use crate::{Data, set};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_config_server_is_followed_when_its_sentinels_fail_over() {
    let (data, sentinels) = (Data::start(), Sentinels::start());
    let logs = declare("logs", Duration::from_millis(100));
    set(sentinels.server(sentinels.primary()), &data.a);
    let settings = |push| patient(Settings::new(sentinels.config()).push(push));
    let before = async || assert_eq!(whereabouts(logs).await.unwrap(), "a");
    // Changes are pushed in one process, and polled in another.
    settings(true)
        .scope(async {
            before().await;
            let pushed = Scope::current().unwrap();
            settings(false)
                .scope(async {
                    before().await;
                    let second = tokio::task::block_in_place(|| sentinels.failover());
                    // The old one still answers, and gets no more changes of its own.
                    set(sentinels.server(second), &data.b);
                    let address = format!("127.0.0.1:{}", sentinels.server(second).port());
                    let after = async || {
                        arrives(logs, "b").await;
                        let logs = status().components[0].clone();
                        assert_eq!(logs.config_server, Some(address.clone()));
                        assert_eq!(logs.problem, None);
                    };
                    after().await;
                    pushed.run(after()).await;
                })
                .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_a_config_server_that_dies_is_replaced_by_its_sentinels() {
    let silence = Duration::from_secs(1);
    let sentinels = Sentinels::builder().down_after(silence).start();
    let data = Data::start();
    let logs = declare("logs", Duration::from_millis(100));
    let first = sentinels.primary();
    set(sentinels.server(first), &data.a);
    patient(Settings::new(sentinels.config()))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            sentinels.server(first).stop();
            let second = tokio::task::block_in_place(|| sentinels.primary());
            set(sentinels.server(second), &data.b);
            arrives(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r13_sentinels_that_know_no_config_server_say_so() {
    let sentinels = Sentinels::builder().replicas(0).sentinels(1, 1).start();
    let mut config: Value = serde_json::from_str(&sentinels.config()).unwrap();
    config["service_name"] = json!("nobody");
    let logs = declare("logs", Duration::ZERO);
    Settings::new(config.to_string())
        .scope(async {
            let error = whereabouts(logs).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerRefused);
            assert!(error.to_string().contains("`nobody`"), "{error}");
        })
        .await;
}
