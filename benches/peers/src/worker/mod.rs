//! A worker process. It executes requests, one a line, so that processes with different settings
//! can take turns.

mod connected;
mod dynamic_config;
mod located;
mod mover;
mod propagation;
mod simulated;
mod swap;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use redis_components::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::connected::Connected;
pub(crate) use self::simulated::FanOut;
use self::simulated::Processes;
pub(crate) use self::swap::{Moment, Swap, Swaps};
use crate::contestants;
use crate::contestants::world::World;
use crate::failure::Failure;
use crate::file_limit;
use crate::servers::Urls;
use crate::subject::Subject;

/// How a process learns of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    Push,
    Poll,
}

impl Mode {
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Poll => "poll",
        }
    }
}

/// A request to a worker.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Answered with a [`Slice`](crate::subject::Slice).
    Slice {
        subject: String,
        concurrency: usize,
        microseconds: u64,
    },
    /// Answered with nanoseconds, one for each move.
    Propagation {
        subject: String,
        callers: usize,
        moves: usize,
        /// The longest pause before a move, in milliseconds.
        pause: u64,
    },
    /// Answered with [`Swaps`].
    Swaps { callers: usize, moves: usize },
    /// Connects components. Answered with [`Connected`].
    Connect { components: usize },
    /// Starts simulated processes. Answered with nothing.
    Simulate { processes: usize, components: usize },
    /// Changes a config that all simulated processes use. Answered with a [`FanOut`] for each SET.
    FanOut { sets: usize },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Ok(Value),
    Error(String),
}

/// Answers requests until there are no more.
///
/// # Errors
///
/// Returns an error if an answer cannot be written.
pub(crate) fn run(mode: &str, urls: Urls) -> Result<(), Failure> {
    Settings::new(&urls.config)
        .push(mode == Mode::Push.argument())
        .install()?;
    let world = World {
        runtime: Arc::new(tokio::runtime::Runtime::new()?),
        urls,
    };
    file_limit::raise();
    let mut started = Started::default();
    for line in std::io::stdin().lock().lines() {
        let answer = serde_json::from_str(&line?)
            .map_err(Failure::from)
            .and_then(|request| answer(&world, &mut started, request));
        let answer = answer.map_or_else(|error| Answer::Error(error.to_string()), Answer::Ok);
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{}", serde_json::to_string(&answer)?)?;
        stdout.flush()?;
    }
    Ok(())
}

/// What a worker keeps from request to request.
#[derive(Default)]
struct Started {
    subjects: HashMap<String, Box<dyn Subject>>,
    simulated: Option<Processes>,
}

fn answer(world: &World, started: &mut Started, request: Request) -> Result<Value, Failure> {
    let value = match request {
        Request::Slice {
            subject,
            concurrency,
            microseconds,
        } => {
            let subjects = &mut started.subjects;
            if !subjects.contains_key(&subject) {
                subjects.insert(subject.clone(), contestants::subject(world, &subject)?);
            }
            let time = Duration::from_micros(microseconds);
            serde_json::to_value(subjects[&subject].slice(concurrency, time)?)?
        }
        Request::Propagation {
            subject,
            callers,
            moves,
            pause,
        } => {
            let pause = Duration::from_millis(pause);
            serde_json::to_value(propagation::measure(
                world, &subject, callers, moves, pause,
            )?)?
        }
        Request::Swaps { callers, moves } => {
            serde_json::to_value(swap::measure(world, callers, moves)?)?
        }
        Request::Connect { components } => {
            serde_json::to_value(connected::measure(world, components)?)?
        }
        Request::Simulate {
            processes,
            components,
        } => {
            started.simulated = Some(Processes::start(world, processes, components)?);
            Value::Null
        }
        Request::FanOut { sets } => {
            let simulated = started.simulated.as_mut();
            let simulated = simulated.ok_or("there are no simulated processes")?;
            serde_json::to_value(simulated.fan_out(world, sets)?)?
        }
    };
    Ok(value)
}
