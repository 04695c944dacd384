//! What the receipts of a fleet cost its config server: real runtimes, each with its own thread and
//! connection, as many processes would have them.
//!
//! ```text
//! cargo run -p redis-components --example receipts_cost -- 1000 60
//! ```
#![allow(clippy::print_stdout, reason = "it prints figures")]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::{Duration, Instant};

use redis::Commands;
use redis_components::__private::{Declaration, component};
use redis_components::receipts::KEY_PREFIX;
use redis_components::{Component, Scope, Settings};
use redis_components_testing::Server;

/// The commands of receipts and of the control key, beside those that configs need anyway.
const OF_RECEIPTS: [&str; 5] = ["hset", "expire", "zadd", "del", "zrem"];
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).map(|argument| argument.parse());
    let processes: usize = arguments.next().transpose()?.unwrap_or(1_000);
    let seconds: usize = arguments.next().transpose()?.unwrap_or(60);
    let (config, data) = (Server::start(), [Server::start(), Server::start()]);
    let logs = declare();
    config.command(&["SET", logs.key(), &data[0].config()]);
    let before = used_memory(&config)?;
    let mut scopes = Vec::new();
    for _ in 0..processes {
        let settings = Settings::new(config.url())
            .connect_timeout(PATIENCE)
            .application("fleet");
        let scope = settings.scope(async {
            logs.connection().await?;
            Ok::<_, redis_components::Error>(Scope::current())
        });
        scopes.extend(scope.await?);
    }
    let mut connection = config.connection();
    let pattern = format!("{KEY_PREFIX}*");
    let mut found: Vec<String> = Vec::new();
    while found.len() < processes {
        tokio::time::sleep(Duration::from_millis(100)).await;
        found = connection.keys(&pattern)?;
    }
    println!("{processes} processes report");
    // What a receipt takes, without the connections.
    let key: &str = found.first().map_or("", |key| key);
    let bytes: usize = redis::cmd("MEMORY")
        .arg("USAGE")
        .arg(key)
        .query(&mut connection)?;
    println!("memory: {bytes} bytes for a receipt of one component");
    println!(
        "memory: {} bytes for each process in all",
        (used_memory(&config)? - before) / processes
    );

    let begun = (Instant::now(), calls(&mut connection)?);
    tokio::time::sleep(Duration::from_secs(u64::try_from(seconds)?)).await;
    let ended = (Instant::now(), calls(&mut connection)?);
    println!("a quiet fleet:");
    show(&begun, &ended);

    // All at once: the clients of a process are replaced when it calls, or a second or two later.
    config.command(&["SET", logs.key(), &data[1].config()]);
    let begun = (Instant::now(), calls(&mut connection)?);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let ended = (Instant::now(), calls(&mut connection)?);
    println!("the five seconds after a change of a component that nobody calls:");
    show(&begun, &ended);
    drop(scopes);
    Ok(())
}

fn declare() -> &'static Component {
    Box::leak(Box::new(component(Declaration {
        name: "logs",
        key: "config:redis:logs",
        key_prefix: "config:redis:",
        has_own_key: false,
        wait: Duration::from_secs(3),
        connections: 1,
        config_server: None,
    })))
}

/// Returns how often each command was called.
fn calls(connection: &mut redis::Connection) -> Result<BTreeMap<String, usize>, Box<dyn Error>> {
    let info: String = redis::cmd("INFO").arg("commandstats").query(connection)?;
    let counts = info.lines().filter_map(|line| {
        let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let calls = counts.strip_prefix("calls=")?.split(',').next()?;
        Some((name.to_owned(), calls.parse().ok()?))
    });
    Ok(counts.collect())
}

fn used_memory(server: &Server) -> Result<usize, Box<dyn Error>> {
    let info: String = redis::cmd("INFO")
        .arg("memory")
        .query(&mut server.connection())?;
    let mut lines = info.lines();
    let used = lines.find_map(|line| line.strip_prefix("used_memory:"));
    Ok(used.ok_or("the server tells no memory")?.parse()?)
}

type Counted = (Instant, BTreeMap<String, usize>);

#[allow(clippy::cast_precision_loss, reason = "small counts")]
fn show(begun: &Counted, ended: &Counted) {
    let seconds = ended.0.duration_since(begun.0).as_secs_f64();
    let mut of_receipts = 0.0;
    for (name, calls) in &ended.1 {
        let calls = calls - begun.1.get(name).copied().unwrap_or_default();
        let rate = calls as f64 / seconds;
        if rate >= 0.05 {
            println!("  {name}: {rate:.1} a second");
        }
        if OF_RECEIPTS.contains(&&**name) {
            of_receipts += rate;
        }
    }
    println!("  receipts: {of_receipts:.1} commands a second");
}
