//! Services in Rust and in Python beside one another: the same config server, the same component,
//! the same keys.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "mixed_fleet/configs.rs"]
mod configs;
#[path = "mixed_fleet/generated.rs"]
mod generated;
#[path = "mixed_fleet/kinds.rs"]
mod kinds;
#[path = "../examples/mixed_fleet/service.rs"]
mod service;

use std::time::{Duration, Instant};

use app::functions::logs::Severity;
use app::logs::{log_recent, recent_logs};
use redis_components::receipts::{FLEET_KEY, KEY_PREFIX, Receipt, ReceiptState};
use redis_components::{ComponentConfig, Settings};
use redis_components_testing::Server;
use serde_json::json;

use self::service::Service;

/// Ten times the second that both services may take to follow.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn keys_written_by_one_are_read_by_the_other() {
    let [config, data] = [Server::start(), Server::start()];
    set(&config, &data.config());
    let mut python = Service::start(&config.url()).unwrap();
    patient(&config)
        .scope(async {
            log_recent("main", "from Rust").await.unwrap();
            python.ask("log from Python").unwrap();
            let expected = ["from Python", "from Rust"];
            assert_eq!(rust_reads().await, expected);
            assert_eq!(python_reads(&mut python), expected);
            for number in 0..98 {
                python.ask(&format!("log {number}")).unwrap();
            }
            log_recent("main", "the hundred and first").await.unwrap();
            assert_eq!(python_reads(&mut python).last().unwrap(), "from Python");
        })
        .await;
}

#[tokio::test]
async fn one_set_moves_both() {
    let config = Server::start();
    let [a, b] = [Server::start(), Server::start()];
    set(&config, &a.config());
    let mut python = Service::start(&config.url()).unwrap();
    patient(&config)
        .scope(async {
            for (number, server) in [(0, &a), (1, &b), (2, &a)] {
                set(&config, &server.config());
                both_reach(server, &mut python, &number.to_string()).await;
            }
        })
        .await;
}

/// What redis-py takes and Rust has no use for is left alone; what both need, both use.
#[tokio::test]
async fn one_config_is_understood_by_both() {
    let config = Server::start();
    let data = Server::start_with(&["--requirepass", "secret"]);
    let written = json!({
        "host": "127.0.0.1",
        "port": data.port(),
        "db": 3,
        "password": "secret",
        "socket_timeout": 9.5,
        "socket_connect_timeout": 10,
        "max_connections": 10,
        "decode_responses": true,
        "retry_on_timeout": false,
        "username": null,
    });
    set(&config, &written.to_string());
    let mut python = Service::start(&config.url()).unwrap();
    patient(&config)
        .scope(async {
            log_recent("main", "from Rust").await.unwrap();
            python.ask("log from Python").unwrap();
            assert_eq!(rust_reads().await, ["from Python", "from Rust"]);
            data.command(&["SELECT", "3"]);
            let length = data.command(&["LLEN", "recent:main:info"]);
            assert_eq!(length, redis::Value::Int(2));
        })
        .await;
}

#[tokio::test]
async fn each_can_move_the_other() {
    let config = Server::start();
    let [a, b, c] = [Server::start(), Server::start(), Server::start()];
    set(&config, &a.config());
    let mut python = Service::start(&config.url()).unwrap();
    patient(&config)
        .scope(async {
            both_reach(&a, &mut python, "at first").await;

            python.ask(&format!("move {}", b.config())).unwrap();
            both_reach(&b, &mut python, "moved by Python").await;

            let there = ComponentConfig::from_json(&c.config()).unwrap();
            redis_components::set_config(&app::logs::COMPONENT, &there)
                .await
                .unwrap();
            both_reach(&c, &mut python, "moved by Rust").await;
        })
        .await;
}

#[tokio::test]
async fn without_a_config_both_name_the_key() {
    let config = Server::start();
    let mut python = Service::start(&config.url()).unwrap();
    patient(&config)
        .scope(async {
            let errors = [
                log_recent("main", "hello").await.unwrap_err().to_string(),
                python.ask("log hello").unwrap_err().to_string(),
            ];
            for error in errors {
                assert!(error.contains("config:redis:logs"), "{error}");
            }
        })
        .await;
}

#[test]
fn r14_the_receipt_of_python_is_read_in_rust() {
    let config = Server::start();
    let data = Server::start();
    config.command(&["SET", "config:redis:@fleet", r#"{"salt": "of the fleet"}"#]);
    set(&config, &data.config());
    let mut python = Service::start(&config.url()).unwrap();
    python.ask("log hello").unwrap();
    let written = ComponentConfig::from_json(&data.config()).unwrap();
    let digest = written.digest("of the fleet");
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(receipt) = only_receipt(&config) {
            let process = receipt.process();
            assert_eq!((process.language(), process.version()), ("python", 1));
            assert!(process.started().is_some());
            let logs = receipt.component("logs").unwrap();
            if logs.state() == ReceiptState::Ok {
                let digests = [logs.applied(), logs.seen()];
                assert_eq!(digests, [Some(digest.as_str()); 2]);
                return;
            }
        }
        assert!(Instant::now() < deadline, "there is no receipt");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the receipt of the one process that has one.
fn only_receipt(config: &Server) -> Option<Receipt> {
    let members = config.command(&["ZRANGE", FLEET_KEY, "0", "-1"]);
    let members: Vec<String> = redis::from_redis_value(members).unwrap();
    let key = format!("{KEY_PREFIX}{}", members.first()?);
    let fields: Vec<(String, String)> =
        redis::from_redis_value(config.command(&["HGETALL", &key])).unwrap();
    Some(Receipt::from_fields(fields).unwrap())
}

#[test]
fn the_example_shows_both_moving() {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(2).unwrap();
    let example = std::process::Command::new(folder.join("examples/mixed_fleet"))
        .args(["--moves", "1"])
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&example.stdout);
    let stderr = String::from_utf8_lossy(&example.stderr);
    assert!(example.status.success(), "{stdout}{stderr}");
    let (before, after) = stdout.split_once("SET config:redis:logs").unwrap();
    assert!(before.contains("Rust on A, Python on A"), "{stdout}");
    assert!(after.contains("Rust on B, Python on B"), "{stdout}");
}

/// What is slow on a busy machine is no fault here.
fn patient(config: &Server) -> Settings {
    let settings = Settings::new(config.url());
    settings.connect_timeout(SOON).response_timeout(SOON)
}

fn set(config: &Server, value: &str) {
    config.command(&["SET", app::logs::COMPONENT.key(), value]);
}

/// Waits until messages of both arrive at a server.
async fn both_reach(server: &Server, python: &mut Service, round: &str) {
    let [from_rust, from_python] = ["Rust", "Python"].map(|name| format!("{round} from {name}"));
    let deadline = Instant::now() + SOON;
    loop {
        log_recent("main", &from_rust).await.unwrap();
        python.ask(&format!("log {from_python}")).unwrap();
        let there = server.command(&["LRANGE", "recent:main:info", "0", "-1"]);
        let there = messages(redis::from_redis_value(there).unwrap());
        if there.contains(&from_rust) && there.contains(&from_python) {
            return;
        }
        assert!(Instant::now() < deadline, "{round}: {there:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn rust_reads() -> Vec<String> {
    messages(recent_logs("main", Severity::Info).await.unwrap())
}

fn python_reads(python: &mut Service) -> Vec<String> {
    let answer = python.ask("recent").unwrap();
    messages(serde_json::from_value(answer).unwrap())
}

/// The messages without the time.
fn messages(logs: Vec<String>) -> Vec<String> {
    logs.into_iter()
        .map(|log| log.split_once(' ').unwrap().1.to_owned())
        .collect()
}
