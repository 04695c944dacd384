//! The rules for calls, given the changes and faults of the servers meanwhile.

use std::time::Duration;

use redis::RedisError;
use redis_components::ErrorKind;

use crate::actors::caller::{Caller, took};
use crate::places::{Part, name};
use crate::record::class::{Class, Excuse};
use crate::record::effect::{is_end_of_subscription, kind};
use crate::record::history::{Entry, Span, What};

impl Caller {
    pub(crate) fn must_end_within(&self, call: Span, bound: Duration) {
        if took(call) <= bound {
            return;
        }
        self.soak.stall_watch.wait_until_known(call.ended);
        let still = self.still_for(call);
        if took(call) > bound + still {
            self.wrong(&format!(
                "a call took {:?}, and at most {bound:?} are allowed",
                took(call)
            ));
        }
    }

    /// Returns how much longer than its bound a call may have taken. The bound of a pop is the
    /// server's: it begins when the server looks at the command.
    fn still_for(&self, call: Span) -> Duration {
        let history = self.soak.history(self.which);
        let faults = self.soak.faults();
        let possible = history.possible(call, self.which.wait(), &faults);
        let waits_at = |part| {
            let needs = |entry: &Entry| matches!(entry.what, What::On(place) if place.needs(part));
            self.class == Class::Pop && possible.iter().any(needs)
        };
        faults.still_for(waits_at, call.begun, call.ended)
    }

    /// Checks that a call did not run on a server that its component left long before.
    pub(crate) fn ran_on(&self, call: Span, server: usize) {
        let history = self.soak.history(self.which);
        // This is enough for almost all calls.
        if history.place().is_some_and(|place| place.server == server) {
            return;
        }
        let faults = self.soak.faults();
        if let Some(late) = history.lateness(call, server, &faults) {
            self.soak.tally.late(self.fleet, late);
        }
        drop((faults, history));
        if self.misplaced(call, server).is_some() {
            self.soak.stall_watch.wait_until_known(call.ended);
        }
        if let Some(possible) = self.misplaced(call, server) {
            self.wrong(&format!(
                "a call ran on {} when only {possible:?} was possible",
                name(server)
            ));
        }
    }

    /// Returns the possible configs if none of them is on the server that a call ran on.
    fn misplaced(&self, call: Span, server: usize) -> Option<Vec<What>> {
        let history = self.soak.history(self.which);
        let faults = self.soak.faults();
        let possible = history.possible(call, self.which.wait(), &faults);
        let is_there = |what| matches!(what, What::On(place) if place.server == server);
        let is_possible = possible.iter().any(|entry| is_there(entry.what));
        (!is_possible).then(|| possible.iter().map(|entry| entry.what).collect())
    }

    /// Returns the excuse of a failed call, once all stalls of the machine are known.
    pub(crate) fn excuse_of_failure(&self, call: Span, error: &RedisError) -> Option<Excuse> {
        self.excuse(call, Some(error)).or_else(|| {
            self.soak.stall_watch.wait_until_known(call.ended);
            self.excuse(call, Some(error))
        })
    }

    /// Returns the excuse of a call to fail with the error, or in any way.
    pub(crate) fn excuse(&self, call: Span, error: Option<&RedisError>) -> Option<Excuse> {
        let ours = error.and_then(kind);
        let history = self.soak.history(self.which);
        let faults = self.soak.faults();
        let possible = history.possible(call, self.which.wait(), &faults);
        let moves = moves(possible);
        let felt = |part: &dyn Fn(Part) -> bool| {
            let mut effects = faults.felt(part, call.begun, call.ended);
            effects.find_map(|effect| effect.excuse(self.class, moves, error))
        };
        let excuse = possible.iter().find_map(|entry| match entry.what {
            What::Off if ours == Some(ErrorKind::Disabled) => Some(Excuse::Disabled),
            What::On(place) => felt(&|part| place.needs(part)),
            _ => None,
        });
        let finds_none = || possible.iter().any(|entry| entry.what == What::Nothing);
        let cold =
            || self.is_cold && (finds_none() || felt(&|part| part == Part::Config).is_some());
        let ends = || {
            let is_end = error.is_none_or(is_end_of_subscription);
            moves && self.class == Class::Subscriber && is_end
        };
        excuse
            .or_else(|| cold().then_some(Excuse::Cold))
            .or_else(|| ends().then_some(Excuse::Moved))
    }
}

/// Returns `true` if a component that had these configs, one after the other, has moved.
fn moves(possible: &[Entry]) -> bool {
    let mut elsewhere = possible.iter().map(|entry| entry.what);
    let first = elsewhere.next();
    elsewhere.any(|what| what != What::Nothing && Some(what) != first)
}
