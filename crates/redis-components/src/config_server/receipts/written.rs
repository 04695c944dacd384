//! What stands on the config server, as far as this process knows.

use std::collections::BTreeMap;
use std::time::Instant;

use super::timing::Timing;
use crate::receipts::PROCESS_FIELD;

/// The fields of the receipt that were written, and when the receipt is renewed.
#[derive(Debug, Default)]
pub(super) struct Written {
    fields: BTreeMap<String, String>,
    /// When the receipt is renewed next, before its TTL is over. `None` before the first write.
    renew_at: Option<Instant>,
    /// The time at which the member got its score.
    scored: Option<Instant>,
}

/// What is to be written.
#[derive(Debug, PartialEq)]
pub(super) enum Request {
    /// Set the fields, and with them the TTL and the member's score.
    Set(Vec<(String, String)>),
    /// Renew the TTL, and perhaps the score.
    Renew { score: bool },
}

impl Written {
    /// Forgets everything: another server, or one that lost its data, has nothing of it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Returns what is to be written at `now` so that the server has `fields`.
    pub(super) fn request(
        &self,
        fields: Vec<(String, String)>,
        timing: Timing,
        now: Instant,
    ) -> Option<Request> {
        let is_news = |(name, value): &(String, String)| self.fields.get(name) != Some(value);
        if fields.iter().any(is_news) {
            let mut changed = fields;
            // If the receipt has expired, readers find no other without its process.
            changed.retain(|field| field.0 == PROCESS_FIELD || is_news(field));
            return Some(Request::Set(changed));
        }
        let is_due = self.renew_at.is_some_and(|at| at <= now);
        is_due.then(|| Request::Renew {
            score: self
                .scored
                .is_none_or(|at| now.saturating_duration_since(at) >= timing.score_lasts()),
        })
    }

    /// Notes that a request that was sent at `now` has been answered, with how many fields HSET has
    /// made, or how many keys EXPIRE has found. Returns `false` if the receipt was gone.
    pub(super) fn note(
        &mut self,
        request: Request,
        count: usize,
        timing: Timing,
        now: Instant,
    ) -> bool {
        let was_there = match request {
            Request::Set(fields) => {
                let is_new = |name: &String| !self.fields.contains_key(name);
                let new = fields.iter().filter(|(name, _)| is_new(name)).count();
                // The receipt of a process that was frozen has expired.
                let was_there = self.fields.is_empty() || count <= new;
                self.fields.extend(fields);
                self.scored = Some(now);
                was_there
            }
            Request::Renew { score } => {
                if score {
                    self.scored = Some(now);
                }
                count > 0
            }
        };
        if was_there {
            self.renew_at = Some(now + timing.until_renewal());
        } else {
            self.forget();
        }
        was_there
    }

    /// Returns when the receipt is to be renewed, if it was written.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        self.renew_at
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Request, Written};
    use crate::config_server::receipts::timing::Timing;

    const TIMING: Timing = Timing::DEFAULT;

    fn fields(all: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        all.iter().map(owned).collect()
    }

    fn set(written: &mut Written, all: &[(&str, &str)], made: usize, now: Instant) -> bool {
        let request = written.request(fields(all), TIMING, now).unwrap();
        written.note(request, made, TIMING, now)
    }

    #[test]
    fn r14_only_what_has_changed_is_written_with_the_process() {
        let (mut written, now) = (Written::default(), Instant::now());
        assert!(set(&mut written, &[("@", "p"), ("logs", "1")], 2, now));
        let same = fields(&[("@", "p"), ("logs", "1")]);
        assert_eq!(written.request(same, TIMING, now), None);
        assert!(set(&mut written, &[("stats", "1")], 1, now));
        let other = fields(&[("@", "p"), ("logs", "2"), ("stats", "1")]);
        let request = written.request(other, TIMING, now);
        let all = fields(&[("@", "p"), ("logs", "2")]);
        assert_eq!(request, Some(Request::Set(all)));
    }

    #[test]
    fn r14_a_receipt_is_renewed_in_time_and_its_score_rarely() {
        let (mut written, mut now) = (Written::default(), Instant::now());
        assert!(set(&mut written, &[("@", "p")], 1, now));
        let (mut renewals, mut scores) = (0, 0);
        let begun = now;
        while now < begun + Duration::from_secs(1_000) {
            now = written.renew_at().unwrap();
            let request = written.request(fields(&[("@", "p")]), TIMING, now).unwrap();
            let Request::Renew { score } = request else {
                panic!("{request:?}");
            };
            renewals += 1;
            scores += usize::from(score);
            assert!(written.note(request, 1, TIMING, now));
            let pause = written.renew_at().unwrap() - now;
            assert!((8.0..=12.0).contains(&pause.as_secs_f64()), "{pause:?}");
        }
        assert!((84..=126).contains(&renewals), "{renewals}");
        assert!((4..=6).contains(&scores), "{scores}");
    }

    #[test]
    fn r14_a_receipt_that_was_gone_is_written_again() {
        let (mut written, now) = (Written::default(), Instant::now());
        let all = [("@", "p"), ("logs", "1")];
        assert!(set(&mut written, &all, 2, now));
        let due = written.renew_at().unwrap();
        assert!(!written.note(Request::Renew { score: false }, 0, TIMING, due));
        let request = written.request(fields(&all), TIMING, due);
        assert_eq!(request, Some(Request::Set(fields(&all))));
        assert!(set(&mut written, &all, 2, now));
        // HSET has made a field that should have been there.
        assert!(!set(&mut written, &[("@", "p"), ("logs", "2")], 1, now));
        assert!(set(&mut written, &all, 2, now));
        assert!(set(&mut written, &[("logs", "2"), ("new", "1")], 1, now));
    }
}
