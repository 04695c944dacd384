//! What is measured in slices: something that is done again and again by tasks or threads at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Something whose rate is measured.
pub(crate) trait Subject {
    /// Does it for a time, by `concurrency` tasks or threads at once.
    fn slice(&self, concurrency: usize, time: Duration) -> Result<Slice, Failure>;
}

/// How much was done in how much time.
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

    /// Operations per second.
    #[allow(clippy::cast_precision_loss, reason = "no slice has 2^53 of either")]
    pub(crate) fn rate(self) -> f64 {
        self.operations as f64 * 1e9 / self.nanoseconds as f64
    }
}
