//! Servers that send more than any Redis server does.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use redis_components::{ErrorKind, Settings, status};
use serde_json::json;

use crate::common::impostors::impostor;
use crate::common::{SOON, World, always_fresh, name_of, name_of_blocking, until, whereabouts};

/// How much more memory a process may have had, in KiB. Less than what is sent.
const MEMORY: u64 = 48 * 1024;
/// The most that is sent over one connection that stays open.
const MUCH: u64 = 256 * 1024 * 1024;

/// How a reply begins, and with what it goes on without an end.
const ENDLESS: [(&str, &str); 7] = [
    ("$1099511627776\r\n", "x"),
    ("!1099511627776\r\n", "x"),
    ("-ERR ", "x"),
    ("+", "x"),
    ("$", "1"),
    ("", "*1\r\n"),
    ("*1099511627776\r\n", "$1\r\nx\r\n"),
];

/// A server that answers everything with `+OK` until it is sent `word`. Then it sends the reply,
/// and counts its bytes, and how many clients have left before its end.
fn endless(
    word: &'static str,
    begins: &'static str,
    goes_on: &'static str,
) -> (u16, Arc<AtomicU64>, Arc<AtomicU64>) {
    let (sent, left) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (count, leaves) = (Arc::clone(&sent), Arc::clone(&left));
    let port = impostor(move |mut stream: TcpStream| {
        let mut buffer = [0; 64 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let requests = String::from_utf8_lossy(&buffer[..read]).into_owned();
            if requests.contains(word) {
                // Before it is sent, because the client may leave at the first byte.
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(begins.as_bytes());
                let chunk = goes_on.repeat(64 * 1024);
                let mut here = 0;
                while here < MUCH && stream.write_all(chunk.as_bytes()).is_ok() {
                    here += chunk.len() as u64;
                    count.fetch_add(chunk.len() as u64, Ordering::SeqCst);
                }
                if here < MUCH {
                    leaves.fetch_add(1, Ordering::SeqCst);
                }
                return;
            }
            let commands = requests.lines().filter(|line| line.starts_with('*'));
            let _ = stream.write_all("+OK\r\n".repeat(commands.count()).as_bytes());
        }
    });
    (port, sent, left)
}

/// The most memory that this process has ever had, in KiB.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

struct Bounded {
    memory: u64,
    begun: Instant,
}

impl Bounded {
    fn begin() -> Self {
        Self {
            memory: most_memory(),
            begun: Instant::now(),
        }
    }

    fn end(&self, what: &str) {
        // The kernel counts pages for each core, and sums them up now and then.
        let more = most_memory().saturating_sub(self.memory);
        let took = self.begun.elapsed();
        println!("{what:?}: {more} KiB, {took:?}");
        assert!(more < MEMORY, "{what:?}: {more} KiB");
        assert!(took < SOON, "{what:?}: {took:?}");
    }
}

#[tokio::test]
async fn r11_a_data_server_without_an_end_in_its_handshake_costs_little() {
    for (begins, goes_on) in ENDLESS {
        let (port, sent, _) = endless("PING", begins, goes_on);
        let bounded = Bounded::begin();
        let logs = always_fresh("logs");
        let settings = Settings::fixed([("logs", format!("redis://127.0.0.1:{port}"))]);
        let settings = settings.connect_timeout(SOON);
        let error = settings.clone().scope(logs.connection()).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::ServerRefused,
            "{begins:?}: {error}"
        );
        let error = settings.scope_blocking(|| logs.blocking_connection().unwrap_err());
        assert_eq!(
            error.kind(),
            ErrorKind::ServerRefused,
            "{begins:?}: {error}"
        );
        bounded.end(begins);
        assert!(sent.load(Ordering::SeqCst) < MUCH, "{begins:?}");
    }
}

#[tokio::test]
async fn r11_a_config_server_without_an_end_costs_little() {
    for (begins, goes_on) in ENDLESS {
        let (port, sent, _) = endless("GETRANGE", begins, goes_on);
        let bounded = Bounded::begin();
        let logs = always_fresh("logs");
        let settings = Settings::new(format!("redis://127.0.0.1:{port}"));
        settings
            .scope(async {
                // On a busy machine, the first attempts may end before anything is read.
                until("the config is read", async || {
                    let error = logs.connection().await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable, "{error}");
                    sent.load(Ordering::SeqCst) > 0
                })
                .await;
            })
            .await;
        bounded.end(begins);
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < MUCH, "{begins:?}: {sent}");
    }
}

#[tokio::test]
async fn r5_a_config_server_that_goes_mad_leaves_the_last_good_config_in_force() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let key = logs.key();
            // A value that nobody would write, of which only the first bytes are sent.
            world.config.command(&["SETRANGE", key, "536870000", "x"]);
            let bounded = Bounded::begin();
            until("the value is refused", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                let problem = status().components[0].problem.clone();
                problem.is_some_and(|problem| problem.contains("longer than 65536 bytes"))
            })
            .await;
            bounded.end("a value of 512 MB");
        })
        .await;
}

/// What no Redis server sends ends the connection.
#[tokio::test]
async fn r11_a_data_server_that_sends_what_no_redis_server_sends_is_left() {
    for (begins, goes_on) in &ENDLESS[..6] {
        let (port, sent, _) = endless("GET", begins, goes_on);
        let bounded = Bounded::begin();
        let logs = always_fresh("logs");
        let settings = Settings::fixed([("logs", format!("redis://127.0.0.1:{port}"))]);
        let settings = settings.response_timeout(SOON).connect_timeout(SOON);
        settings
            .clone()
            .scope(async {
                let mut connection = logs.connection().await.unwrap();
                let error = name_of(&mut connection).await.unwrap_err();
                assert!(!error.is_timeout(), "{begins:?}: {error}");
            })
            .await;
        settings.scope_blocking(|| {
            let mut connection = logs.blocking_connection().unwrap();
            let error = name_of_blocking(&mut connection).unwrap_err();
            assert!(!error.is_timeout(), "{begins:?}: {error}");
        });
        bounded.end(begins);
        assert!(sent.load(Ordering::SeqCst) < MUCH, "{begins:?}");
    }
}

/// An array may have any number of elements. Its connection ends with the client, when calls have
/// timed out.
#[tokio::test]
async fn r10_a_data_server_whose_reply_has_no_end_is_replaced() {
    let (port, _, left) = endless("GET", "*1099511627776\r\n", "$1\r\nx\r\n");
    let logs = always_fresh("logs");
    let settings = Settings::fixed([("logs", format!("redis://127.0.0.1:{port}"))]);
    settings
        .scope(async {
            until("the connection is closed", async || {
                if let Ok(mut connection) = logs.connection().await {
                    assert!(name_of(&mut connection).await.is_err());
                }
                left.load(Ordering::SeqCst) > 0
            })
            .await;
        })
        .await;
}

/// What the runtime itself asks a server is as bounded as what a config server says.
#[tokio::test]
async fn r11_a_node_or_sentinel_without_an_end_costs_little() {
    for (word, field) in [("CLUSTER", "cluster"), ("SENTINEL", "sentinels")] {
        for (begins, goes_on) in ENDLESS {
            let (port, sent, _) = endless(word, begins, goes_on);
            let bounded = Bounded::begin();
            let logs = always_fresh("logs");
            let mut config = json!({ field: [format!("127.0.0.1:{port}")] });
            if field == "sentinels" {
                config["service_name"] = json!("main");
            }
            let settings = Settings::fixed([("logs", config.to_string())]);
            let settings = settings.connect_timeout(SOON).response_timeout(SOON);
            let error = settings.scope(logs.connection()).await.unwrap_err();
            // What was on its way is in the buffers of the sockets.
            let sent = sent.load(Ordering::SeqCst);
            let what = format!("{word} {begins:?}: {sent} bytes, {error}");
            assert!((1..16 * 1024 * 1024).contains(&sent), "{what}");
            bounded.end(&format!("{word} {begins}"));
        }
    }
}
