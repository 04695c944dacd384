//! All metrics: their names, kinds and units, and what they mean.

use metrics::Unit;

/// A metric.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    kind: Kind,
    unit: Unit,
    meaning: &'static str,
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Metric {
    const fn counter(name: &'static str, meaning: &'static str) -> Self {
        Self::new(Kind::Counter, name, Unit::Count, meaning)
    }

    const fn gauge(name: &'static str, meaning: &'static str) -> Self {
        Self::new(Kind::Gauge, name, Unit::Count, meaning)
    }

    const fn new(kind: Kind, name: &'static str, unit: Unit, meaning: &'static str) -> Self {
        Self {
            name,
            kind,
            unit,
            meaning,
        }
    }
}

pub(crate) const CALLS: Metric = Metric::counter(
    "redis_components_calls_total",
    "Calls of wrapped functions, by outcome.",
);
pub(crate) const CALL_DURATION: Metric = Metric::new(
    Kind::Histogram,
    "redis_components_call_duration_seconds",
    Unit::Seconds,
    "Duration of a call, with the wait for a connection.",
);
pub(crate) const IN_FORCE: Metric = Metric::gauge(
    "redis_components_config_in_force",
    "1 for the digest of the config in force, 0 for digests that were in force before.",
);
pub(crate) const GENERATION: Metric = Metric::gauge(
    "redis_components_generation",
    "The generation: it grows with each config that comes into force, and when the component is switched off.",
);
pub(crate) const PROBLEM: Metric = Metric::gauge(
    "redis_components_problem",
    "1 while the newest config is not in force, or its server cannot be used as it should.",
);
pub(crate) const PROOF_AGE: Metric = Metric::new(
    Kind::Gauge,
    "redis_components_proof_age_seconds",
    Unit::Seconds,
    "Time since the config server last confirmed the config.",
);
pub(crate) const OLD_CONNECTIONS: Metric = Metric::gauge(
    "redis_components_old_connections",
    "Connections of earlier generations or replaced clients that are still in use.",
);
pub(crate) const POOL_CONNECTIONS: Metric = Metric::gauge(
    "redis_components_pool_connections",
    "Blocking connections in the pool, by state.",
);
pub(crate) const POOL_SIZE: Metric = Metric::gauge(
    "redis_components_pool_size",
    "The most blocking connections that the pool opens.",
);
pub(crate) const POOL_WAITING: Metric = Metric::gauge(
    "redis_components_pool_waiting_calls",
    "Blocking calls that wait for a connection of the pool.",
);
pub(crate) const SWAPS: Metric = Metric::counter(
    "redis_components_swaps_total",
    "Configs that came into force, by reason.",
);
pub(crate) const RESENT: Metric = Metric::counter(
    "redis_components_resent_commands_total",
    "Commands that a server refused, and so did not execute, and that were sent to another.",
);
pub(crate) const SERVER_FAILURES: Metric = Metric::counter(
    "redis_components_server_failures_total",
    "Failed attempts to use a server, by kind.",
);
pub(crate) const CONFIGS_REFUSED: Metric = Metric::counter(
    "redis_components_configs_refused_total",
    "Values that were no usable config, by kind.",
);
pub(crate) const LAST_GOOD_IN_USE: Metric = Metric::gauge(
    "redis_components_last_good_in_use",
    "1 while the config in the file of last good configs stands in.",
);
pub(crate) const LAST_GOOD_FAILURES: Metric = Metric::counter(
    "redis_components_last_good_failures_total",
    "Failed attempts to use the file of last good configs, by operation.",
);
pub(crate) const CONFIG_SERVER_UP: Metric = Metric::gauge(
    "redis_components_config_server_up",
    "1 while the config server answers.",
);
pub(crate) const CONFIG_SERVER_PUSHING: Metric = Metric::gauge(
    "redis_components_config_server_pushing",
    "1 while the config server pushes changes.",
);

const ALL: [Metric; 18] = [
    CALLS,
    CALL_DURATION,
    IN_FORCE,
    GENERATION,
    PROBLEM,
    PROOF_AGE,
    OLD_CONNECTIONS,
    POOL_CONNECTIONS,
    POOL_SIZE,
    POOL_WAITING,
    SWAPS,
    RESENT,
    SERVER_FAILURES,
    CONFIGS_REFUSED,
    LAST_GOOD_IN_USE,
    LAST_GOOD_FAILURES,
    CONFIG_SERVER_UP,
    CONFIG_SERVER_PUSHING,
];

/// Describes all metrics to the recorder that is installed. The runtime does so when it first
/// reports a component. Call it yourself if you install a recorder later than that.
pub fn describe_metrics() {
    for Metric {
        name,
        kind,
        unit,
        meaning,
    } in ALL
    {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, unit, meaning),
            Kind::Gauge => metrics::describe_gauge!(name, unit, meaning),
            Kind::Histogram => metrics::describe_histogram!(name, unit, meaning),
        }
    }
}
