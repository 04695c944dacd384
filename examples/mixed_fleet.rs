//! Services in Rust and in Python on one component; one SET moves both.
//!
//! ```text
//! cargo xtask python                        # a virtual environment with redis-py, once
//! cargo run --example mixed_fleet
//! ```
//!
//! The example starts three Redis servers: a config server and two data servers, A and B. Both
//! services log to the component `logs` ten times a second. The Rust service uses the generated
//! wrapper, and the Python service the decorator of the package in the folder `python`. The example
//! shows the server of each.
//!
//! Every three seconds it moves the component, as an operator does. `--moves 2` ends after two
//! moves.

#[path = "mixed_fleet/service.rs"]
mod service;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use app::functions::logs::Severity;
use clap::Parser;
use redis_components_testing::Server;

use self::service::Service;

/// The time from one message to the next.
const LOG_EVERY: Duration = Duration::from_millis(100);
/// The time from one move to the next. It is longer than both services take to follow: a second.
const MOVE_EVERY: Duration = Duration::from_secs(3);

/// Services in Rust and in Python on the same component.
#[derive(Debug, Parser)]
#[command(name = "mixed_fleet")]
struct Options {
    /// End after so many moves.
    #[arg(long, value_name = "N")]
    moves: Option<usize>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
        outcome = watch(&options) => outcome,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn watch(options: &Options) -> Result<(), Box<dyn Error>> {
    let start = || Server::try_start_with(&[]);
    let (config, data) = (start()?, [start()?, start()?]);
    let move_to = |target: usize| {
        config.command(&["SET", app::logs::COMPONENT.key(), &data[target].config()]);
    };
    move_to(0);
    redis_components::Settings::new(config.url()).install()?;
    let mut python = Service::start(&config.url())?;
    println!("config server  {}", config.url());
    println!("data servers   A {}, B {}\n", data[0].url(), data[1].url());

    let mut shown = [None; 2];
    let mut moved = 0;
    let mut moved_at = Instant::now();
    loop {
        app::logs::log_recent("main", "from Rust").await?;
        python.ask("log from Python")?;
        let ports = [port_in_use(), python.ask("port")?.as_u64()];
        if ports != shown {
            shown = ports;
            let [rust, python] = ports.map(|port| name(&data, port));
            let kept = app::logs::recent_logs("main", Severity::Info).await?.len();
            let after = moved_at.elapsed().as_millis();
            println!(
                "{after:>5} ms  Rust on {rust}, Python on {python}; {kept} messages on Rust's"
            );
        }
        if moved_at.elapsed() >= MOVE_EVERY {
            if Some(moved) == options.moves {
                return Ok(());
            }
            moved += 1;
            println!("    SET {}", app::logs::COMPONENT.key());
            move_to(moved % 2);
            moved_at = Instant::now();
        }
        tokio::time::sleep(LOG_EVERY).await;
    }
}

/// Returns the port of the server that this process uses for the component.
fn port_in_use() -> Option<u64> {
    let status = redis_components::status();
    let logs = status
        .components
        .into_iter()
        .find(|status| status.component == "logs")?;
    logs.current.map(|server| server.port.into())
}

fn name(data: &[Server; 2], port: Option<u64>) -> &'static str {
    let is_at = |server: &Server| port == Some(server.port().into());
    match data.each_ref().map(is_at) {
        [true, _] => "A",
        [_, true] => "B",
        _ => "?",
    }
}
