//! A component moves between two servers while its callers run, and no call is lost.
//!
//! ```text
//! cargo xtask demo [--moves 10] [--tasks 64]
//! ```
//!
//! The demo starts three Redis servers: a config server and two data servers, A and B. Tasks call
//! `app::logs::log_recent("main", …)` as fast as they can, and know nothing of servers. The demo
//! then moves the component `logs` back and forth, as an operator does: by one SET on the config
//! server.
//!
//! At the end the demo compares the calls of the tasks with the calls that the servers counted. If
//! a call is lost or fails, the exit code is 1.

#[path = "move_server/callers.rs"]
mod callers;
#[path = "move_server/live.rs"]
mod live;
#[path = "move_server/options.rs"]
mod options;
#[path = "shared/program.rs"]
mod program;
#[path = "move_server/servers.rs"]
mod servers;
#[path = "move_server/summary.rs"]
mod summary;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use self::callers::Callers;
use self::live::Live;
use self::options::Options;
use self::servers::Servers;
use self::summary::Summary;

/// The time from one move to the next, so that ten moves take ten seconds.
const MOVE_EVERY: Duration = Duration::from_secs(1);
/// The shortest time that a server keeps the component, so that a reader sees its rate.
const STAY: Duration = Duration::from_millis(400);
/// The longest time that a move may take.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    program::run(demonstrate(&Options::parse())).await
}

async fn demonstrate(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let Options { moves, tasks } = *options;
    let servers = Servers::start()?;
    println!("{servers}");
    redis_components::Settings::new(servers.config_url()).install()?;
    servers.move_to(0);
    // One first call reports a problem once; 64 concurrent calls would report it 64 times.
    app::logs::connection().await?;

    println!("{tasks} tasks call logs::log_recent(\"main\", …)\n");
    let started = Instant::now();
    let callers = Callers::start(tasks);
    let mut live = Live::new(&servers, &callers, moves);
    live.until(MOVE_EVERY, |_| false).await?;
    let mut longest = Duration::ZERO;
    for number in 1..=moves {
        longest = longest.max(one_move(&servers, &mut live, number).await?);
    }
    live.end()?;
    let calls = callers.stop().await;

    let summary = Summary::new(&servers, calls, started.elapsed(), longest);
    println!("{summary}");
    Ok(summary.exit_code())
}

/// Moves the component, and returns how long it took until the first call arrived at the new
/// server.
async fn one_move(
    servers: &Servers,
    live: &mut Live<'_>,
    number: usize,
) -> Result<Duration, Box<dyn Error>> {
    let target = number % 2;
    let before = servers.counted()[target];
    let asked = Instant::now();
    servers.move_to(target);
    live.moving(number, target);
    if !live
        .until(TAKEN_OVER_WITHIN, |counted| counted[target] > before)
        .await?
    {
        let name = servers::NAMES[target];
        return Err(
            format!("move {number}: no call reached {name} within {TAKEN_OVER_WITHIN:?}").into(),
        );
    }
    let taken_over = asked.elapsed();
    live.until(MOVE_EVERY.saturating_sub(taken_over).max(STAY), |_| false)
        .await?;
    live.moved(taken_over)?;
    Ok(taken_over)
}
