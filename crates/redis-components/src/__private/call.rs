//! One call of a component's function, from before its connection is acquired to its result.

use super::{Plain, Returns};
use crate::measure::{CallTimer, Outcome};
use crate::{Component, Error};

/// A call that has begun. Dropped without a result, it found no connection or was cancelled.
#[derive(Debug)]
#[must_use]
pub struct Call {
    timer: CallTimer,
    outcome: Outcome,
}

/// Begins a call.
pub fn begin(component: &'static Component, function: &'static str) -> Call {
    Call {
        timer: CallTimer::start(component, function),
        outcome: Outcome::Unfinished,
    }
}

impl Call {
    /// Ends the call of a function that returns a `Result`.
    ///
    /// # Errors
    ///
    /// The function's own.
    pub fn finish<T, E>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.outcome = match &result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        };
        result
    }

    /// Ends the call of a function that returns something else.
    ///
    /// # Errors
    ///
    /// None: that there was no connection has been said before.
    pub fn finish_plain<T, const IS_RESULT: bool>(mut self, value: T) -> Result<T, Error>
    where
        Returns<IS_RESULT>: Plain,
    {
        self.outcome = Outcome::Success;
        Ok(value)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.timer.stop(self.outcome);
    }
}
