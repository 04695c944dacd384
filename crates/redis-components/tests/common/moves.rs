//! Moving a component, and how late calls notice.

use std::time::{Duration, Instant};

use redis_components::{Component, Settings};
use redis_components_testing::Server;

use super::World;
use super::traffic::Call;

/// How the runtime learns of a move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Notice {
    Push,
    Poll,
}

impl Notice {
    pub(crate) const BOTH: [Self; 2] = [Self::Push, Self::Poll];

    pub(crate) fn apply(self, settings: Settings) -> Settings {
        settings.push(self == Self::Push)
    }

    /// A `wait` under which only this can be what tells of a move in time.
    pub(crate) fn wait(self) -> Duration {
        match self {
            Self::Push => Duration::from_secs(3600),
            Self::Poll => Duration::from_millis(100),
        }
    }

    /// How long after the SET no call may begin on the old server: R1's bound, and what a busy
    /// machine adds.
    pub(crate) fn bound(self) -> Duration {
        match self {
            Self::Push => LATE,
            Self::Poll => self.wait() + LATE,
        }
    }
}

/// What a busy machine adds to any bound: ten times what one has added that was compiling at the
/// same time.
pub(crate) const LATE: Duration = Duration::from_millis(2500);

/// The moves of a component between the servers of a world, in the order in which they were made.
pub(crate) struct Moves<'a> {
    world: &'a World,
    component: &'static Component,
    made: Vec<Move>,
}

struct Move {
    begun: Instant,
    ended: Instant,
    to: &'static str,
}

impl<'a> Moves<'a> {
    pub(crate) fn of(world: &'a World, component: &'static Component) -> Self {
        Self {
            world,
            component,
            made: Vec::new(),
        }
    }

    /// Moves the component to the server named `to` and says when that was done.
    pub(crate) fn to(&mut self, to: &'static str) -> Instant {
        let server = self.server(to);
        let begun = Instant::now();
        self.world.move_to(self.component, server);
        let ended = Instant::now();
        self.made.push(Move { begun, ended, to });
        ended
    }

    /// Moves it to where it is not.
    pub(crate) fn on(&mut self) -> Instant {
        self.to(self.elsewhere())
    }

    /// Where it is.
    pub(crate) fn here(&self) -> &'static str {
        match self.elsewhere() {
            "a" => "b",
            _ => "a",
        }
    }

    pub(crate) fn elsewhere(&self) -> &'static str {
        match self.made.last() {
            Some(last) if last.to == "a" => "b",
            _ => "a",
        }
    }

    fn server(&self, name: &str) -> &'a Server {
        match name {
            "a" => &self.world.a,
            _ => &self.world.b,
        }
    }

    /// For each call that ran where the component no longer was: how long before its begin the
    /// component had moved.
    pub(crate) fn lateness(&self, calls: &[Call]) -> Vec<Duration> {
        calls.iter().filter_map(|call| self.late(call)).collect()
    }

    fn late(&self, call: &Call) -> Option<Duration> {
        let on = call.outcome.as_ref().ok()?;
        let before = self.made.partition_point(|made| made.ended <= call.begun);
        let (earlier, later) = self.made.split_at(before);
        let newest = earlier.last()?;
        // A move made during the call may have been seen, or not.
        let allowed = newest.to == on
            || later
                .iter()
                .any(|made| made.to == on && made.begun <= call.ended);
        (!allowed).then(|| call.begun - newest.ended)
    }
}
