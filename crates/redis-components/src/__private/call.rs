//! One call of a component's function, from before its connection is acquired to its result.

use super::is_result::{Plain, Returns};
use crate::component::Component;
use crate::error::Error;
use crate::telemetry::call::{CallOutcome, CallTimer};

/// A call that has begun. If it is dropped without a result, it found no connection or was
/// cancelled.
#[derive(Debug)]
#[must_use]
pub struct Call {
    timer: CallTimer,
    outcome: CallOutcome,
}

/// Begins a call.
pub fn begin(component: &'static Component, function: &'static str) -> Call {
    Call {
        timer: CallTimer::start(component.name(), function),
        outcome: CallOutcome::Unfinished,
    }
}

impl Call {
    /// Ends the call of a function that returns a `Result`.
    ///
    /// # Errors
    ///
    /// Returns the function's own error.
    pub fn finish<T, E>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.outcome = match &result {
            Ok(_) => CallOutcome::Success,
            Err(_) => CallOutcome::Failure,
        };
        result
    }

    /// Ends the call of a function that returns another type.
    ///
    /// # Errors
    ///
    /// Returns no error: a call without a connection has ended before.
    pub fn finish_plain<T, const IS_RESULT: bool>(mut self, value: T) -> Result<T, Error>
    where
        Returns<IS_RESULT>: Plain,
    {
        self.outcome = CallOutcome::Success;
        Ok(value)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.timer.stop(self.outcome);
    }
}
