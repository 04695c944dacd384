//! How often a receipt is written.

use std::time::Duration;

use serde::Deserialize;

use crate::config::json;

/// The longest time between two renewals, in seconds.
const LONGEST: u64 = 3_600;
/// The longest delay of a change, in seconds.
const LONGEST_JITTER: f64 = 300.0;

/// How often a receipt is written, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Timing {
    /// The time between two renewals, give or take a fifth.
    pub(super) every: u64,
    /// The time without renewal after which a receipt expires.
    pub(super) ttl: u64,
    /// The longest random delay of a change, so that a large fleet does not write at once.
    pub(super) jitter: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Timing {
    pub(crate) const DEFAULT: Self = Self {
        every: 10,
        ttl: 35,
        jitter: 0.0,
    };

    /// Reads how often a fleet writes its receipts.
    ///
    /// # Errors
    ///
    /// Returns what is wrong.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let timing: Self = json::object(text)
            .ok_or("it is no object, or `every`, `ttl` and `jitter` are no numbers of seconds")?;
        let Self { every, ttl, jitter } = timing;
        if !(1..=LONGEST).contains(&every) || !(0.0..=LONGEST_JITTER).contains(&jitter) {
            return Err(format!(
                "`every` is from 1 to {LONGEST} seconds, `jitter` from 0 to {LONGEST_JITTER}"
            ));
        }
        if ttl < every + every.div_ceil(2) || ttl > 24 * LONGEST {
            return Err(
                "`ttl` is at least one and a half times `every`, and at most a day".to_owned(),
            );
        }
        Ok(timing)
    }

    /// Returns the numbers, as they are written.
    #[cfg(test)]
    #[expect(clippy::cast_precision_loss, reason = "they are small")]
    pub(crate) fn numbers(self) -> [f64; 3] {
        [self.every as f64, self.ttl as f64, self.jitter]
    }

    /// Returns the time until the next renewal.
    pub(super) fn until_renewal(self) -> Duration {
        let fifth = Duration::from_secs(self.every) / 5;
        4 * fifth + (2 * fifth).mul_f64(fastrand::f64())
    }

    /// Returns the time for which a member's score is left as it is. A member whose score is twice as
    /// old belongs to no process.
    pub(super) fn score_lasts(self) -> Duration {
        Duration::from_secs(self.ttl.saturating_mul(5))
    }

    /// Returns the random delay of a change.
    pub(super) fn delay(self) -> Duration {
        Duration::from_secs_f64(self.jitter * fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::Timing;

    #[test]
    fn r14_each_number_may_be_missing() {
        assert_eq!(Timing::read("{}").unwrap(), Timing::DEFAULT);
        let timing = Timing::read(r#"{"every":1,"ttl":2,"jitter":0.5,"new":1}"#).unwrap();
        assert_eq!((timing.every, timing.ttl), (1, 2));
        assert!(timing.delay().as_secs_f64() <= 0.5);
    }

    #[test]
    fn r14_no_receipt_expires_before_it_is_renewed() {
        for text in [
            "1",
            r#"{"every":0}"#,
            r#"{"every":30}"#,
            r#"{"every":1,"ttl":1}"#,
            r#"{"ttl":-1}"#,
            r#"{"ttl":9999999}"#,
            r#"{"jitter":-1}"#,
            r#"{"jitter":1e9}"#,
            r#"{"every":"10"}"#,
        ] {
            assert!(Timing::read(text).is_err(), "{text}");
        }
    }
}
