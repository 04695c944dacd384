//! One component goes through every kind of server while its callers run, and no call is lost.
//!
//! ```text
//! cargo xtask topologies [--stay 2s] [--tasks 32] [--threads 8]
//! ```
//!
//! The program starts a config server and data servers of each kind: one over TCP, one over TLS, one
//! on a unix socket, three behind sentinels, and a cluster of three. Tasks and threads increment
//! counters of the component `visits`, and know nothing of servers. Each move is one SET on the
//! config server. On the way the sentinels fail over, and a slot of the cluster changes its node.
//!
//! At the end each counter, summed over all servers, is compared with the increments that were
//! acknowledged. If a call is lost or fails, the exit code is 1.

#[path = "topologies/callers.rs"]
mod callers;
#[path = "topologies/display.rs"]
mod display;
#[path = "topologies/options.rs"]
mod options;
#[path = "topologies/places.rs"]
mod places;
#[path = "shared/program.rs"]
mod program;
#[path = "topologies/summary.rs"]
mod summary;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use redis_components::status;
use tokio::task::block_in_place;

use self::callers::Callers;
use self::display::{Display, Step};
use self::options::Options;
use self::places::{Kind, Places};
use self::summary::Summary;

/// The longest time that a move or a fail-over may take.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(30);

/// The way of the component.
const WAY: [Kind; 6] = [
    Kind::Tcp,
    Kind::Tls,
    Kind::UnixSocket,
    Kind::Sentinels,
    Kind::Cluster,
    Kind::Tcp,
];

#[tokio::main]
async fn main() -> ExitCode {
    program::run(demonstrate(&Options::parse())).await
}

async fn demonstrate(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    println!("starting servers of every kind");
    let places = block_in_place(Places::start)?;
    println!("{places}\n");
    redis_components::Settings::new(places.config_server()).install()?;
    places.move_to(WAY[0]);
    // One first call reports a problem once; many concurrent calls would report it many times.
    app::visits::connection().await?;

    let (tasks, threads) = (options.tasks, options.threads);
    println!("{tasks} tasks and {threads} threads increment counters of the component `visits`\n");
    let callers = Callers::start(tasks, threads);
    let mut display = Display::new(&callers);
    display.head(WAY[0], options.stay).await?;
    for (from, to) in WAY.into_iter().zip(&WAY[1..]) {
        let title = format!("{from} -> {to}");
        let step = step(&callers, title, || places.move_to(*to)).await?;
        display.tell(step, options.stay).await?;
        let event = match to {
            Kind::Sentinels => {
                let title = "  the sentinels fail over".to_owned();
                Some(step_of_server(&callers, title, || places.fail_over()).await?)
            }
            Kind::Cluster => Some(display.during("  a slot changes its node", || places.migrate())),
            _ => None,
        };
        if let Some(step) = event {
            display.tell(step, options.stay).await?;
        }
    }
    display.end();
    let calls = block_in_place(|| callers.stop());
    let summary = block_in_place(|| Summary::new(&places, calls));
    println!("{summary}");
    Ok(summary.exit_code())
}

/// Changes where the component is, and waits until the change is in force here.
async fn step(
    callers: &Callers,
    title: String,
    change: impl FnOnce(),
) -> Result<Step, Box<dyn Error>> {
    let before = generation();
    callers.forget_longest();
    let asked = Instant::now();
    change();
    while generation() == before {
        if asked.elapsed() > IN_FORCE_WITHIN {
            let problem = status()
                .components
                .first()
                .and_then(|it| it.problem.clone());
            let problem = problem.unwrap_or_else(|| "no reason is known".to_owned());
            return Err(format!("{title}: not within {IN_FORCE_WITHIN:?}: {problem}").into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = Some(asked.elapsed());
    Ok(Step { title, took })
}

/// Does the same for a change that servers make, which takes a while.
async fn step_of_server(
    callers: &Callers,
    title: String,
    change: impl FnOnce(),
) -> Result<Step, Box<dyn Error>> {
    step(callers, title, || block_in_place(change)).await
}

/// The count of configs that came into force. A fail-over counts as one.
fn generation() -> u64 {
    let status = status();
    let current = status.components.first().and_then(|it| it.current.as_ref());
    current.map_or(0, |current| current.generation)
}
