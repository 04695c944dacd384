//! What is expected of a call, given what was done to the servers meanwhile.

use std::time::Duration;

use redis_components::ErrorKind;

use crate::caller::{Caller, took};
use crate::class::Excuse;
use crate::history::{Span, What};
use crate::places::{Part, name};

impl Caller {
    pub(crate) fn must_end_within(&self, call: Span, bound: Duration) {
        if took(call) > bound {
            self.wrong(&format!(
                "a call took {:?}, and at most {bound:?} are allowed",
                took(call)
            ));
        }
    }

    /// A call must not run on a server that the component left long before.
    pub(crate) fn ran_on(&self, call: Span, server: usize) {
        let history = self.soak.history(self.which);
        // Nothing else is looked up for almost all calls.
        if history.place().is_some_and(|place| place.server == server) {
            return;
        }
        let faults = self.soak.faults();
        if let Some(late) = history.lateness(call, server, &faults) {
            self.soak.tally.late(self.fleet, late);
        }
        let possible = history.possible(call, self.which.wait(), &faults);
        let is_there = |what| matches!(what, What::On(place) if place.server == server);
        if !possible.iter().any(|entry| is_there(entry.what)) {
            let where_else: Vec<_> = possible.iter().map(|entry| entry.what).collect();
            self.wrong(&format!(
                "a call ran on {} when only {where_else:?} was possible",
                name(server)
            ));
        }
    }

    /// Why a call may fail; `ours` is what the runtime says of it, if anything.
    pub(crate) fn excuse(&self, call: Span, ours: Option<ErrorKind>) -> Option<Excuse> {
        let history = self.soak.history(self.which);
        let faults = self.soak.faults();
        let possible = history.possible(call, self.which.wait(), &faults);
        let felt = |part: &dyn Fn(Part) -> bool| faults.felt(part, call.begun, call.ended);
        let excuse = possible.iter().find_map(|entry| match entry.what {
            What::Off if ours == Some(ErrorKind::Disabled) => Some(Excuse::Disabled),
            What::On(place) if felt(&|part| place.needs(part)) => Some(Excuse::Server),
            _ => None,
        });
        let finds_none = || possible.iter().any(|entry| entry.what == What::Nothing);
        let cold = || self.is_cold && (finds_none() || felt(&|part| part == Part::Config));
        excuse.or_else(|| cold().then_some(Excuse::Cold))
    }
}
