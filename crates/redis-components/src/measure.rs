//! What is reported to the `metrics` facade; nothing without the feature of that name.
//!
//! Every name is in `docs/observability.md`.

#[cfg(feature = "metrics")]
use std::time::Instant;

use crate::{Component, ErrorKind};

/// One call of a wrapped function.
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
pub(crate) enum Outcome {
    /// With a result that is no error.
    Success,
    /// With an error of the function's own.
    Failure,
    /// Without a connection, or cancelled.
    Unfinished,
}

impl CallTimer {
    #[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
    pub(crate) fn start(component: &Component, function: &'static str) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            component: component.name(),
            #[cfg(feature = "metrics")]
            function,
            #[cfg(feature = "metrics")]
            begun: Instant::now(),
        }
    }

    #[cfg_attr(not(feature = "metrics"), allow(unused_variables, clippy::unused_self))]
    pub(crate) fn stop(&self, outcome: Outcome) {
        #[cfg(feature = "metrics")]
        {
            let Self {
                component,
                function,
                ..
            } = *self;
            let outcome = match outcome {
                Outcome::Success => "success",
                Outcome::Failure => "failure",
                Outcome::Unfinished => "unfinished",
            };
            let elapsed = self.begun.elapsed();
            metrics::counter!(
                "redis_components_calls_total",
                "component" => component, "function" => function, "outcome" => outcome
            )
            .increment(1);
            metrics::histogram!(
                "redis_components_call_duration_seconds",
                "component" => component, "function" => function
            )
            .record(elapsed);
        }
    }
}

/// A config came into force.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
pub(crate) fn swap(component: &str, generation: u64) {
    #[cfg(feature = "metrics")]
    {
        let component = component.to_owned();
        metrics::counter!("redis_components_swaps_total", "component" => component.clone())
            .increment(1);
        #[allow(clippy::cast_precision_loss, reason = "exact up to 2^53 swaps")]
        metrics::gauge!("redis_components_generation", "component" => component)
            .set(generation as f64);
    }
}

/// A component's server could not be used.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
pub(crate) fn server_failure(component: &str, kind: ErrorKind) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "redis_components_server_failures_total",
        "component" => component.to_owned(), "kind" => format!("{kind:?}")
    )
    .increment(1);
}

/// The newest value of a key is no usable config.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
pub(crate) fn config_refused(key: &str, kind: ErrorKind) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "redis_components_configs_refused_total",
        "key" => key.to_owned(), "kind" => format!("{kind:?}")
    )
    .increment(1);
}

/// The config server answers, or does not; it pushes, or does not.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
pub(crate) fn config_server(server: &str, up: bool, pushing: bool) {
    #[cfg(feature = "metrics")]
    {
        let server = server.to_owned();
        metrics::gauge!("redis_components_config_server_up", "server" => server.clone())
            .set(f64::from(u8::from(up)));
        metrics::gauge!("redis_components_config_server_pushing", "server" => server)
            .set(f64::from(u8::from(pushing)));
    }
}
