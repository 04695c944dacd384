//! One call of a wrapped function, counted and timed.

#[cfg(feature = "metrics")]
use std::time::Instant;

#[cfg(feature = "metrics")]
use super::names::{CALL_DURATION, CALLS};

/// Times one call. Does nothing without the feature `metrics`.
#[derive(Debug)]
pub(crate) struct CallTimer {
    #[cfg(feature = "metrics")]
    component: &'static str,
    #[cfg(feature = "metrics")]
    function: &'static str,
    #[cfg(feature = "metrics")]
    begun: Instant,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallOutcome {
    /// With a result that is no error.
    Success,
    /// With an error of the function's own.
    Failure,
    /// Without a connection, or cancelled.
    Unfinished,
}

impl CallTimer {
    #[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
    pub(crate) fn start(component: &'static str, function: &'static str) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            component,
            #[cfg(feature = "metrics")]
            function,
            #[cfg(feature = "metrics")]
            begun: Instant::now(),
        }
    }

    #[cfg_attr(not(feature = "metrics"), allow(unused_variables, clippy::unused_self))]
    pub(crate) fn stop(&self, outcome: CallOutcome) {
        #[cfg(feature = "metrics")]
        {
            let Self {
                component,
                function,
                ..
            } = *self;
            let outcome = match outcome {
                CallOutcome::Success => "success",
                CallOutcome::Failure => "failure",
                CallOutcome::Unfinished => "unfinished",
            };
            let elapsed = self.begun.elapsed();
            metrics::counter!(
                CALLS.name,
                "component" => component, "function" => function, "outcome" => outcome
            )
            .increment(1);
            metrics::histogram!(
                CALL_DURATION.name,
                "component" => component, "function" => function
            )
            .record(elapsed);
        }
    }
}
