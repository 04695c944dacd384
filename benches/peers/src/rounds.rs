//! Rounds in which all contestants take turns. A disturbance of one then disturbs its neighbours
//! too.

use std::collections::HashMap;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::plan::Rounds;
use crate::process::Process;
use crate::progress::Progress;
use crate::servers::Urls;
use crate::statistics::{Estimate, median};
use crate::subject::Slice;
use crate::worker::{Mode, Request};

/// The process that a contestant runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Rust(Mode),
    Python,
}

/// A contestant, the process it runs in, and in one of how many rounds it takes part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) every: usize,
}

impl Entrant {
    pub(crate) const fn pushed(name: &'static str, every: usize) -> Self {
        Self {
            name,
            place: Place::Rust(Mode::Push),
            every,
        }
    }

    pub(crate) const fn polled(name: &'static str, every: usize) -> Self {
        Self {
            name,
            place: Place::Rust(Mode::Poll),
            every,
        }
    }
}

/// The processes of all contestants.
pub(crate) struct Workers {
    urls: Urls,
    started: HashMap<Place, Process>,
}

impl Workers {
    pub(crate) fn new(urls: Urls) -> Self {
        Self {
            urls,
            started: HashMap::new(),
        }
    }

    /// Ends the processes, so that they send no more requests to the servers.
    pub(crate) fn end(&mut self) {
        self.started.clear();
    }

    /// Sends a request to the process of a place. Returns its value, or the reason why there is none.
    pub(crate) fn ask<T: DeserializeOwned>(
        &mut self,
        place: Place,
        request: &Request,
    ) -> Result<Result<T, String>, Failure> {
        self.at(place)?.ask(request)
    }

    fn at(&mut self, place: Place) -> Result<&mut Process, Failure> {
        let started = match self.started.remove(&place) {
            Some(started) => started,
            None => match place {
                Place::Rust(mode) => Process::start(mode, &self.urls)?,
                Place::Python => Process::start_python(&self.urls)?,
            },
        };
        Ok(self.started.entry(place).or_insert(started))
    }
}

/// Returns how long [`run`] takes.
pub(crate) fn planned(entrants: &[Entrant], rounds: Rounds) -> Duration {
    let slices: usize = entrants
        .iter()
        .map(|entrant| rounds.count.div_ceil(entrant.every) + 1)
        .sum();
    rounds.slice * u32::try_from(slices).unwrap_or(u32::MAX)
}

/// Runs all contestants, in a random order in each round, after a warm-up slice each. A slice does
/// not count if a call failed, as happens if the machine stalls for longer than the response
/// timeout; the failure is shown.
pub(crate) fn run(
    workers: &mut Workers,
    entrants: &[Entrant],
    concurrency: usize,
    rounds: Rounds,
    progress: &Progress,
) -> Result<Rates, Failure> {
    let mut slice = |entrant: &Entrant| -> Result<Option<f64>, Failure> {
        let request = Request::Slice {
            subject: entrant.name.to_owned(),
            concurrency,
            microseconds: u64::try_from(rounds.slice.as_micros())?,
        };
        let outcome = workers.at(entrant.place)?.ask(&request)?;
        progress.advance(rounds.slice);
        match outcome {
            Ok(slice) => Ok(Some(Slice::rate(slice))),
            Err(reason) => {
                progress.say(&format!("a slice does not count: {reason}"));
                Ok(None)
            }
        }
    };
    for entrant in entrants {
        slice(entrant)?;
    }
    let mut random = fastrand::Rng::with_seed(1);
    let mut rates = Rates::default();
    for round in 0..rounds.count {
        let due = |entrant: &&Entrant| round % entrant.every == 0;
        let mut order: Vec<_> = entrants.iter().filter(due).collect();
        random.shuffle(&mut order);
        for entrant in order {
            if let Some(rate) = slice(entrant)? {
                let of_all = rates.0.entry(entrant.name).or_default();
                of_all.push((round, rate));
            }
        }
    }
    Ok(rates)
}

/// Operations per second of each contestant in each round that it ran in.
#[derive(Debug, Default)]
pub(crate) struct Rates(HashMap<&'static str, Vec<(usize, f64)>>);

impl Rates {
    pub(crate) fn median(&self, name: &str) -> Option<Estimate> {
        median(self.of(name).iter().map(|(_, rate)| *rate))
    }

    /// Returns one contestant's rate relative to another's, in the rounds that both ran in.
    pub(crate) fn ratio(&self, of: &str, to: &str) -> Option<Estimate> {
        let to: HashMap<usize, f64> = self.of(to).iter().copied().collect();
        let pairs = self.of(of).iter();
        median(pairs.filter_map(|(round, rate)| Some(rate / to.get(round)?)))
    }

    fn of(&self, name: &str) -> &[(usize, f64)] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}
