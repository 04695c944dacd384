//! Measures propagation: the time from the return of a SET to the end of the first call on the new
//! server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::located::Located;
use crate::contestants::world::World;
use crate::failure::Failure;

/// A contestant that has not followed by then never will.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// The shortest pause between two moves.
const SETTLED_AFTER: Duration = Duration::from_millis(5);

/// The state that callers share with the operator.
struct Watched {
    /// The server that the next call should run on.
    target: AtomicUsize,
    /// The last server whose first call was reported.
    told: AtomicUsize,
    first: Sender<Instant>,
    /// The reason of the last failed call. A call may fail if the machine stalls.
    failure: Mutex<String>,
}

const NONE: usize = usize::MAX;
const END: usize = usize::MAX - 1;

/// Moves a component that `callers` tasks call without pause. Returns the time of each move in
/// nanoseconds, or none if no call followed. The pause before a move is random, so that moves are
/// independent of polling.
pub(crate) fn measure(
    world: &World,
    name: &str,
    callers: usize,
    moves: usize,
    pause: Duration,
) -> Result<Vec<Option<u64>>, Failure> {
    let (located, mut mover) = Located::connect(world, name)?;
    let (first, firsts) = mpsc::channel();
    let watched = Arc::new(Watched {
        target: AtomicUsize::new(0),
        told: AtomicUsize::new(NONE),
        first,
        failure: Mutex::default(),
    });
    let next = || firsts.recv_timeout(LOST_AFTER).ok();
    let found = |first: Option<Instant>| {
        first.ok_or_else(|| {
            let failure = watched.failure();
            format!("`{name}` does not find its server; its last failure: {failure:?}")
        })
    };
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let calling = call(located.clone(), Arc::clone(&watched));
            world.runtime.spawn(calling)
        })
        .collect();
    mover.move_to(0)?;
    let mut times = Vec::new();
    let mut measure_all = || -> Result<(), Failure> {
        found(next())?;
        for number in 1..=moves {
            std::thread::sleep(SETTLED_AFTER + pause.mul_f64(fastrand::f64()));
            let target = number % 2;
            watched.target.store(target, Ordering::Release);
            let returned = mover.move_to(target)?;
            // A call may even end before the SET has returned.
            let time = next().map(|first| first.saturating_duration_since(returned));
            if time.is_none() {
                // Moves again, so that the next move starts from the right server.
                mover.move_to(target)?;
                found(next())?;
            }
            times.push(
                time.map(|time| u64::try_from(time.as_nanos()))
                    .transpose()?,
            );
        }
        Ok(())
    };
    let outcome = measure_all();
    watched.target.store(END, Ordering::Release);
    for task in tasks {
        world.runtime.block_on(task)?;
    }
    mover.move_to(0)?;
    outcome.map(|()| times)
}

async fn call(mut located: Located, watched: Arc<Watched>) {
    loop {
        let target = watched.target.load(Ordering::Acquire);
        if target == END {
            return;
        }
        let answer = located.which_server().await;
        let answered = Instant::now();
        let target = watched.target.load(Ordering::Acquire);
        match answer {
            Ok(server) if server == target => {
                let told = watched.told.load(Ordering::Relaxed) == server
                    || watched.told.swap(server, Ordering::AcqRel) == server;
                if !told && watched.first.send(answered).is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => *watched.failure() = error.to_string(),
        }
    }
}

impl Watched {
    fn failure(&self) -> MutexGuard<'_, String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
