//! Subjects, which are measured in slices: tasks or threads repeat an operation for a time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// An operation whose rate is measured.
pub(crate) trait Subject {
    /// Repeats the operation for a time, with `concurrency` tasks or threads.
    fn slice(&self, concurrency: usize, time: Duration) -> Result<Slice, Failure>;
}

/// The number of operations, and the time they took.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Slice {
    pub(crate) operations: u64,
    pub(crate) nanoseconds: u64,
}

impl Slice {
    pub(crate) fn new(operations: u64, elapsed: Duration) -> Self {
        let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        Self {
            operations,
            nanoseconds,
        }
    }

    /// Returns the operations per second.
    #[allow(clippy::cast_precision_loss, reason = "no slice has 2^53 of either")]
    pub(crate) fn rate(self) -> f64 {
        self.operations as f64 * 1e9 / self.nanoseconds as f64
    }
}
