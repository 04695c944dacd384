//! The configs that a component was given, and so where its calls may have run.

use std::time::{Duration, Instant};

use crate::places::{BACKOFF, CONNECT, MARGIN, Part, Place, REREAD};
use crate::record::effect::Effect;
use crate::record::faults::Faults;

/// The configs of one component, in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct History {
    entries: Vec<Entry>,
}

/// A config, or its absence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) what: What,
    begun: Instant,
    /// `None` while the config is being written.
    ended: Option<Instant>,
    /// Whether no invalidation is pushed, so that the config is found only by reading.
    by_swap: bool,
}

/// The meaning of a config for calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    /// Calls run there.
    On(Place),
    /// Calls fail, because the component is switched off.
    Off,
    /// Calls stay where they were, because the config is unusable or absent.
    Nothing,
}

/// The times at which a call began and ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
}

impl Span {
    /// Returns the span of a call that ends now.
    pub(crate) fn since(begun: Instant) -> Self {
        Self {
            begun,
            ended: Instant::now(),
        }
    }
}

impl History {
    /// Notes a config that is about to be written.
    pub(crate) fn begin(&mut self, what: What, by_swap: bool) {
        self.entries.push(Entry {
            what,
            begun: Instant::now(),
            ended: None,
            by_swap,
        });
    }

    /// Notes that the newest config has been written.
    pub(crate) fn end(&mut self) {
        if let Some(newest) = self.entries.last_mut() {
            newest.ended = Some(Instant::now());
        }
    }

    /// Returns the place of the newest config that has one.
    pub(crate) fn place(&self) -> Option<Place> {
        let mut newest_first = self.entries.iter().rev();
        newest_first.find_map(|entry| match entry.what {
            What::On(place) => Some(place),
            What::Off | What::Nothing => None,
        })
    }

    /// Returns `true` if the newest config had enough time, so that calls must run with it.
    pub(crate) fn newest_must_be_in_force(&self, wait: Duration, faults: &Faults) -> bool {
        let newest = self.entries.last();
        newest.is_some_and(|entry| entry.must_be_in_force(Instant::now(), wait, faults))
    }

    /// Forgets all configs but the newest.
    pub(crate) fn forget_the_past(&mut self) {
        self.entries.drain(..self.entries.len().saturating_sub(1));
    }

    /// Returns the configs that a call may have run with: the last one that was certainly in force
    /// when the call began, and all later ones until the call ended.
    pub(crate) fn possible(&self, call: Span, wait: Duration, faults: &Faults) -> &[Entry] {
        let until = self
            .entries
            .partition_point(|entry| entry.begun <= call.ended);
        let first = (0..until).rev().find(|index| {
            let replaced = self.entries.get(index + 1).map(|next| next.begun);
            let until = replaced.map_or(call.begun, |replaced| replaced.min(call.begun));
            self.entries[*index].must_be_in_force(until, wait, faults)
        });
        &self.entries[first.unwrap_or(0)..until]
    }

    /// Returns how long before a call the newest config was written, if the call ran on another
    /// server. Returns none if a fault was felt meanwhile, if no invalidation is pushed, or if the
    /// config names no server.
    pub(crate) fn lateness(&self, call: Span, server: usize, faults: &Faults) -> Option<Duration> {
        let newest = self
            .entries
            .iter()
            .rev()
            .find(|entry| entry.begun <= call.ended)?;
        let What::On(place) = newest.what else {
            return None;
        };
        let ended = newest
            .ended
            .filter(|ended| *ended <= call.begun && !newest.by_swap)?;
        let mut felt = faults.felt(|part| newest.needs(part), ended, call.begun);
        let is_held_up = felt.any(Effect::holds_up_changes);
        (place.server != server && !is_held_up).then(|| call.begun - ended)
    }
}

impl Entry {
    /// Returns `true` if calls that begin at `until` run with this config or a later one.
    fn must_be_in_force(&self, until: Instant, wait: Duration, faults: &Faults) -> bool {
        let Some(ended) = self.ended else {
            return false;
        };
        if self.what == What::Nothing {
            return false;
        }
        let told = if self.by_swap { wait + REREAD } else { wait };
        let bound = told + BACKOFF + CONNECT + MARGIN;
        faults.calm_for(bound, |part| self.needs(part), ended, until)
    }

    /// Returns `true` if the config takes effect through this part.
    fn needs(&self, part: Part) -> bool {
        part == Part::Config || matches!(self.what, What::On(place) if place.needs(part))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Entry, History, Span, What};
    use crate::places::{Part, Place};
    use crate::record::effect::Effect;
    use crate::record::faults::Faults;

    const SECOND: Duration = Duration::from_secs(1);

    fn on(server: usize) -> What {
        What::On(Place {
            server,
            by_proxy: false,
        })
    }

    fn history(start: Instant, entries: &[(u32, What)]) -> History {
        let entry = |(at, what): &(u32, What)| Entry {
            what: *what,
            begun: start + *at * SECOND,
            ended: Some(start + *at * SECOND),
            by_swap: false,
        };
        History {
            entries: entries.iter().map(entry).collect(),
        }
    }

    fn possible(history: &History, start: Instant, at: u32, faults: &Faults) -> Vec<What> {
        let at = start + at * SECOND;
        let call = Span {
            begun: at,
            ended: at + SECOND / 100,
        };
        let possible = history.possible(call, SECOND, faults);
        possible.iter().map(|entry| entry.what).collect()
    }

    #[test]
    fn a_config_that_had_its_time_leaves_no_earlier_one_possible() {
        let start = Instant::now();
        let history = history(
            start,
            &[(0, on(0)), (100, on(1)), (101, What::Nothing), (200, on(2))],
        );
        let faults = Faults::default();
        assert_eq!(possible(&history, start, 99, &faults), [on(0)]);
        assert_eq!(possible(&history, start, 100, &faults), [on(0), on(1)]);
        // Replaced before it was certainly in force.
        let (both, nothing) = ([on(0), on(1)], What::Nothing);
        assert_eq!(possible(&history, start, 199, &faults)[..2], both);
        assert_eq!(possible(&history, start, 199, &faults)[2..], [nothing]);
        assert_eq!(possible(&history, start, 209, &faults), [on(2)]);
    }

    #[test]
    fn what_a_fault_hides_need_not_be_in_force() {
        let mut faults = Faults::default();
        faults.begin(Part::Config, Effect::Anything);
        let start = Instant::now() + SECOND;
        let history = history(start, &[(0, on(0)), (100, on(1))]);
        assert_eq!(possible(&history, start, 900, &faults), [on(0), on(1)]);
    }

    #[test]
    fn a_call_on_another_server_in_calm_is_late() {
        let start = Instant::now();
        let history = history(start, &[(0, on(0)), (10, on(1))]);
        let call = Span {
            begun: start + 11 * SECOND,
            ended: start + 12 * SECOND,
        };
        let late = |server| history.lateness(call, server, &Faults::default());
        assert_eq!(late(0), Some(SECOND));
        assert_eq!(late(1), None);
    }
}
