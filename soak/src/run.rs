//! From the start of the servers to the report.

use std::error::Error;
use std::fs;
use std::future::Future;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::actors::callers;
use crate::actors::stall_watcher::Watcher;
use crate::actors::{injector, operator};
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::judge::growth::growth;
use crate::judge::rest::{Rest, rest};
use crate::options::Options;
use crate::places::Place;
use crate::record::history::What;
use crate::report::live;
use crate::report::summary::Report;
use crate::report::usage::Usage;
use crate::soak::Soak;
use crate::which::Which;
use crate::world::World;

/// How long callers call between two rests.
const STRETCH: Duration = Duration::from_secs(60);
/// How often the run looks for violations.
const LOOKED_EVERY: Duration = Duration::from_millis(50);
/// The least number of stretches in a soak.
const STRETCHES: u32 = 3;

/// Runs the soak for the time asked for, or until it is interrupted, and reports.
pub(crate) async fn run(
    options: &Options,
    interrupted: impl Future<Output = io::Result<()>>,
) -> Result<ExitCode, Box<dyn Error>> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let soak = Arc::new(Soak::new(World::start()?));
    let fleets = Fleets::install(&soak)?;
    // The first calls must find a config.
    let home = Which::ALL.map(|which| {
        let config = soak.world.config_of(Place::HOME, 0);
        (which, What::On(Place::HOME), config)
    });
    operator::set(&soak, "home", &home);
    let at_start = Usage::now();
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut helpers = vec![operator::start(&soak, rng.fork())];
    helpers.extend(injector::start(&soak, rng));
    let watcher = Watcher::start(&soak);
    let callers = callers::start(&soak, &fleets);

    let mut rests = Vec::new();
    let was_interrupted = tokio::select! {
        biased;
        interrupted = interrupted => interrupted.map(|()| true)?,
        () = live::watch(&soak) => false,
        () = stretches(&soak, &fleets, options.duration, &mut rests) => false,
    };
    soak.gate.stop();
    callers.join(&soak).await;
    helpers.push(watcher.end());
    join(helpers, &soak);

    let (violations, violation_count) = soak.journal.violations();
    let report = Report {
        seed,
        seconds: soak.journal.elapsed().as_secs_f64(),
        interrupted: was_interrupted,
        figures: soak.tally.figures(),
        swaps: swaps(&fleets),
        at_start,
        rests,
        violations,
        violation_count,
        before_the_first_violation: soak.journal.before_the_first(),
    };
    println!("\n{report}");
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_string_pretty(&report)?)
            .map_err(|error| format!("`{}` cannot be written: {error}", file.display()))?;
    }
    Ok(match (violation_count, was_interrupted) {
        (1.., _) => ExitCode::FAILURE,
        (0, true) => ExitCode::from(130),
        (0, false) => ExitCode::SUCCESS,
    })
}

/// Runs stretches of calls and faults for the time asked for, each with a rest at its end.
async fn stretches(soak: &Soak, fleets: &Fleets, duration: Duration, rests: &mut Vec<Rest>) {
    let mut left = duration;
    while left > LOOKED_EVERY {
        let stretch = left.min(STRETCH.min(duration / STRETCHES));
        left -= stretch;
        soak.gate.open();
        let until = Instant::now() + stretch;
        while Instant::now() < until {
            tokio::time::sleep(LOOKED_EVERY).await;
            if soak.gate.is_stopped() {
                return;
            }
        }
        match rest(soak, fleets).await {
            Ok(rest) => {
                if let Some(warm) = rests.first() {
                    for grown in growth(&warm.usage, &rest.usage) {
                        soak.violation(&grown);
                    }
                }
                rests.push(rest);
            }
            Err(wrong) => soak.violation(&wrong),
        }
    }
}

fn join(helpers: Vec<thread::JoinHandle<()>>, soak: &Soak) {
    for helper in helpers {
        if helper.join().is_err() {
            soak.violation("the operator, an injector or the stall watcher has panicked");
        }
    }
}

/// Returns how often a component's client was replaced, over both fleets.
fn swaps(fleets: &Fleets) -> u64 {
    let statuses = Fleet::BOTH.map(|fleet| fleets.run_blocking(fleet, redis_components::status));
    let components = statuses.into_iter().flat_map(|status| status.components);
    components
        .filter_map(|component| component.current)
        .map(|current| current.generation.saturating_sub(1))
        .sum()
}
