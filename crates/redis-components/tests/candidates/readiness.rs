//! A candidate is ready when every executor has a client of it.

use redis_components::receipts::ReceiptState;
use serde_json::json;

use crate::common::{HOUR, arrives, declare, until, whereabouts_blocking};
use crate::pair::{Pair, candidate, is_ready};

async fn name(component: &redis_components::Component) -> Option<String> {
    let mut connection = component.connection().await.unwrap();
    let mut get = redis::cmd("GET");
    get.arg("name").query_async(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_candidate_is_built_kept_warm_and_dropped() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.servers[0].command(&["SET", "name", "a"]);
    let [_, replica] = &pair.servers;
    let clients = || replica.connected_clients();
    pair.settings()
        .scope(async {
            name(logs).await;
            tokio::task::block_in_place(|| whereabouts_blocking(logs).unwrap());
            let before = clients();
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            // One for the runtime, and one for threads.
            assert_eq!(clients(), before + 2);
            let candidate_now = candidate().unwrap();
            let server = format!("127.0.0.1:{}", replica.port());
            assert_eq!(
                (candidate_now.server, candidate_now.problem),
                (server, None)
            );
            // It is kept, and calls do not use it.
            replica.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            // Threads connect again when they call.
            until("it is connected again", async || clients() > before).await;
            is_ready("m1").await;
            assert_eq!(name(logs).await.as_deref(), Some("a"));
            pair.control(&json!({}));
            until("it is gone", async || {
                candidate().is_none() && clients() == before
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r15_a_candidate_becomes_the_config_in_force_with_its_connections() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            pair.servers[0].command(&["SET", "name", "a"]);
            name(logs).await;
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            pair.servers[1].command(&["REPLICAOF", "NO", "ONE"]);
            pair.servers[1].command(&["SET", "name", "b"]);
            let received = pair.servers[1].connections_received();
            pair.set(logs, 1);
            arrives(logs, "b").await;
            assert_eq!(pair.servers[1].connections_received(), received);
            assert_eq!(logs.connection().await.unwrap().generation(), 2);
            // The end of the candidate takes nothing from the config in force.
            pair.control(&json!({}));
            until("it is gone", async || candidate().is_none()).await;
            arrives(logs, "b").await;
            assert_eq!(pair.servers[1].connections_received(), received);
        })
        .await;
}

#[tokio::test]
async fn r15_a_candidate_that_cannot_be_used_says_why() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            name(logs).await;
            // No policy that says nothing of it allows an address like this.
            let config = json!({"host": "169.254.0.1"});
            let offer = json!({"logs": {"id": "m1", "config": config}});
            pair.control(&json!({ "prepare": offer }));
            until("its problem is told", async || {
                candidate().is_some_and(|candidate| candidate.problem.is_some())
            })
            .await;
            let candidate = candidate().unwrap();
            assert!(!candidate.is_ready);
            let problem = candidate.problem.unwrap();
            assert!(problem.contains("169.254.0.1"), "{problem}");
            let said = async || {
                let keys = pair.config.command(&["KEYS", "redis-components:receipt:*"]);
                let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
                let key = keys.first()?;
                let said = pair.config.command(&["HGET", key, "logs"]);
                redis::from_redis_value::<Option<String>>(said).unwrap()
            };
            until("the receipt tells it", async || {
                said()
                    .await
                    .is_some_and(|said| said.contains("candidate m1"))
            })
            .await;
            let said = said().await.unwrap();
            let said = redis_components::receipts::ComponentReceipt::parse(&said).unwrap();
            assert_eq!(said.state(), ReceiptState::Ok);
            let candidate = said.candidate().unwrap();
            assert_eq!(candidate.state, ReceiptState::Refused);
            assert!(candidate.reason.unwrap().starts_with("forbidden_by_policy"));
        })
        .await;
}

#[tokio::test]
async fn r15_a_candidate_ends_when_its_time_is_over() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            name(logs).await;
            let config: serde_json::Value =
                serde_json::from_str(&pair.servers[1].config()).unwrap();
            let now = std::time::SystemTime::now();
            let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
            let until_then = now.as_secs() + 3;
            let offer = json!({"logs": {"id": "m1", "config": config, "until": until_then}});
            pair.control(&json!({ "prepare": offer }));
            is_ready("m1").await;
            until("it is gone", async || candidate().is_none()).await;
        })
        .await;
}
