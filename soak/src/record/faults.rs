//! The faults, with their parts and times.

use std::time::{Duration, Instant};

use crate::places::{MARGIN, Part};
use crate::record::effect::Effect;

/// All faults so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    windows: Vec<Window>,
}

#[derive(Debug)]
struct Window {
    part: Part,
    effect: Effect,
    begun: Instant,
    /// `None` while the fault lasts.
    ended: Option<Instant>,
}

impl Faults {
    /// Notes a fault that is about to begin. Returns its number.
    pub(crate) fn begin(&mut self, part: Part, effect: Effect) -> usize {
        self.windows.push(Window {
            part,
            effect,
            begun: Instant::now(),
            ended: None,
        });
        self.windows.len() - 1
    }

    /// Notes that a fault is over.
    pub(crate) fn end(&mut self, number: usize) {
        self.windows[number].ended = Some(Instant::now());
    }

    /// Notes a stall of the machine.
    pub(crate) fn stood_still(&mut self, begun: Instant, ended: Instant) {
        self.windows.push(Window {
            part: Part::Machine,
            effect: Effect::Anything,
            begun,
            ended: Some(ended),
        });
    }

    /// Returns how long the machine was stalled between two times, or one of the parts held writes
    /// back.
    pub(crate) fn still_for(
        &self,
        parts: impl Fn(Part) -> bool,
        from: Instant,
        until: Instant,
    ) -> Duration {
        self.overlapping(parts, Duration::ZERO, from, until)
            .filter(|window| window.part == Part::Machine || window.effect == Effect::HoldsWrites)
            .map(|window| {
                let end = window.ended.map_or(until, |ended| ended.min(until));
                end.saturating_duration_since(window.begun.max(from))
            })
            .sum()
    }

    /// Returns the effects of the faults of the parts that could be felt between two times, even
    /// on a busy machine.
    pub(crate) fn felt(
        &self,
        parts: impl Fn(Part) -> bool,
        from: Instant,
        until: Instant,
    ) -> impl Iterator<Item = Effect> {
        self.overlapping(parts, MARGIN, from, until)
            .map(|window| window.effect)
    }

    /// Returns `true` if no fault of the parts could be felt for `length` between two times.
    /// `length` includes what a busy machine adds.
    pub(crate) fn calm_for(
        &self,
        length: Duration,
        parts: impl Fn(Part) -> bool,
        from: Instant,
        until: Instant,
    ) -> bool {
        if until < from + length {
            return false;
        }
        let mut calm_since = from;
        let mut windows: Vec<_> = self
            .overlapping(parts, Duration::ZERO, from, until)
            .filter(|window| window.effect.holds_up_changes())
            .collect();
        // A stall is noted after it.
        windows.sort_by_key(|window| window.begun);
        for window in windows {
            if window.begun.saturating_duration_since(calm_since) >= length {
                return true;
            }
            match window.felt_until(Duration::ZERO) {
                Some(end) => calm_since = calm_since.max(end),
                None => return false,
            }
        }
        until.saturating_duration_since(calm_since) >= length
    }

    fn overlapping(
        &self,
        parts: impl Fn(Part) -> bool,
        margin: Duration,
        from: Instant,
        until: Instant,
    ) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(move |window| {
            window.begun <= until
                && window.felt_until(margin).is_none_or(|end| end >= from)
                && (window.part == Part::Machine || parts(window.part))
        })
    }
}

impl Window {
    fn felt_until(&self, margin: Duration) -> Option<Instant> {
        self.ended
            .map(|ended| ended + self.effect.recovery() + margin)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Faults, Window};
    use crate::places::{MARGIN, Part, RECOVERY};
    use crate::record::effect::Effect;

    const SECOND: Duration = Duration::from_secs(1);

    fn faults(start: Instant) -> Faults {
        let window = |part, begun: u32, ended: Option<u32>| Window {
            part,
            effect: Effect::Anything,
            begun: start + begun * SECOND,
            ended: ended.map(|ended| start + ended * SECOND),
        };
        Faults {
            windows: vec![
                window(Part::Server(0), 10, Some(12)),
                window(Part::Config, 40, Some(41)),
                window(Part::Server(0), 60, None),
            ],
        }
    }

    #[test]
    fn a_fault_is_felt_from_its_begin_until_all_have_recovered() {
        let start = Instant::now();
        let faults = faults(start);
        let first = |part| part == Part::Server(0);
        let felt = |from: Duration, until: Duration| {
            let mut effects = faults.felt(first, start + from, start + until);
            effects.next().is_some()
        };
        assert!(!felt(8 * SECOND, 9 * SECOND));
        assert!(felt(8 * SECOND, 10 * SECOND));
        assert!(felt(12 * SECOND + RECOVERY + MARGIN, 30 * SECOND));
        assert!(!felt(13 * SECOND + RECOVERY + MARGIN, 59 * SECOND));
        assert!(felt(1000 * SECOND, 1001 * SECOND));
    }

    #[test]
    fn stalls_and_held_writes_are_added_up() {
        let start = Instant::now();
        let mut faults = faults(start);
        faults.windows[0].effect = Effect::HoldsWrites;
        faults.windows[2].effect = Effect::HoldsWrites;
        let (from, until) = (start + 5 * SECOND, start + 30 * SECOND);
        faults.stood_still(until - 4 * SECOND, until - SECOND);
        let still = |parts: fn(Part) -> bool, from: u32, until: u32| {
            faults.still_for(parts, start + from * SECOND, start + until * SECOND)
        };
        let first = |part| part == Part::Server(0);
        assert_eq!(faults.still_for(first, from, until), 5 * SECOND);
        assert_eq!(still(|_| false, 5, 30), 3 * SECOND);
        assert_eq!(still(first, 11, 20), SECOND);
        assert_eq!(still(first, 35, 70), 10 * SECOND);
        assert_eq!(still(|_| true, 39, 42), Duration::ZERO);
    }

    #[test]
    fn calm_is_looked_for_between_faults() {
        let start = Instant::now();
        let faults = faults(start);
        let calm = |seconds: u32, from: u32, until: u32| {
            let (from, until) = (start + from * SECOND, start + until * SECOND);
            faults.calm_for(seconds * SECOND, |_| true, from, until)
        };
        assert!(calm(10, 0, 12));
        assert!(!calm(11, 0, 12));
        assert!(calm(20, 10, 40));
        assert!(!calm(20, 20, 39));
        assert!(!calm(1, 61, 100));
    }
}
