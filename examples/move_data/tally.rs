//! What callers were told.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// What the callers of a process were told until now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Calls that have succeeded.
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    /// Answers that were not one more than the answer before: something was lost or counted twice.
    pub(crate) wrong: u64,
    /// The longest call, in milliseconds.
    pub(crate) longest_ms: f64,
    /// The first reasons of failures.
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
    /// What each counter has to hold, when all is over.
    #[serde(default)]
    pub(crate) counters: BTreeMap<String, u64>,
}

/// How many reasons are kept.
const REASONS: usize = 5;

impl Tally {
    pub(crate) fn fail(&mut self, reason: String) {
        self.failed += 1;
        if self.reasons.len() < REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.wrong += other.wrong;
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        let left = REASONS.saturating_sub(self.reasons.len());
        let reasons = other.reasons.iter().take(left);
        self.reasons.extend(reasons.cloned());
        let counters = other.counters.iter();
        self.counters
            .extend(counters.map(|(key, count)| (key.clone(), *count)));
    }
}
