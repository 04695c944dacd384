//! One call of a component's function, from before its connection is acquired to its result.

use crate::{Component, Error};

/// A call that has begun. Dropped without a result, it found no connection or was cancelled.
#[derive(Debug)]
#[must_use]
pub struct Call {
    _component: &'static Component,
    _function: &'static str,
}

/// Begins a call.
pub fn begin(component: &'static Component, function: &'static str) -> Call {
    Call {
        _component: component,
        _function: function,
    }
}

impl Call {
    /// Ends the call of a function that returns a `Result`.
    ///
    /// # Errors
    ///
    /// The function's own.
    pub fn finish<T, E>(self, result: Result<T, E>) -> Result<T, E> {
        result
    }

    /// Ends the call of a function that returns something else.
    ///
    /// # Errors
    ///
    /// None: that there was no connection has been said before.
    pub fn finish_plain<T>(self, value: T) -> Result<T, Error> {
        Ok(value)
    }
}
