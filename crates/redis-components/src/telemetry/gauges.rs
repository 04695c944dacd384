//! What is measured of a component, again and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::component::Subject;
use super::names::{
    GENERATION, IN_FORCE, OLD_CONNECTIONS, POOL_CONNECTIONS, POOL_SIZE, POOL_WAITING, PROBLEM,
    PROOF_AGE, describe_metrics,
};

/// How a component stands in this process.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// The digest that was shown last, if it is another.
    pub(crate) left: Option<String>,
    /// The digest of the config in force.
    pub(crate) digest: Option<String>,
    pub(crate) generation: Option<u64>,
    pub(crate) has_problem: bool,
    /// What only a thread that looks again and again can tell.
    pub(crate) passing: Option<Passing>,
}

/// What changes without an event.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    pub(crate) proof_age: Option<Duration>,
    pub(crate) old_connections: usize,
    /// None if no blocking call has come.
    pub(crate) pool: Option<PoolUse>,
}

/// How a pool of blocking connections is used. Of a cluster, the sum of its nodes' pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolUse {
    pub(crate) idle: usize,
    pub(crate) in_use: usize,
    pub(crate) waiting: usize,
    /// The most connections that it opens.
    pub(crate) size: usize,
}

/// Sets the gauges of a component to how it stands.
pub(crate) fn set(Subject { component, key }: &Subject, figures: Figures) {
    static ARE_DESCRIBED: AtomicBool = AtomicBool::new(false);
    if !ARE_DESCRIBED.swap(true, Ordering::Relaxed) {
        describe_metrics();
    }
    figures.set(component, key);
}

impl Figures {
    fn set(self, component: &str, key: &str) {
        let labels = || [("component", component.to_owned()), ("key", key.to_owned())];
        let digests = [(self.left, 0.0), (self.digest, 1.0)];
        for (digest, value) in digests {
            if let Some(digest) = digest {
                let [component, key] = labels();
                metrics::gauge!(IN_FORCE.name, &[component, key, ("digest", digest)]).set(value);
            }
        }
        if let Some(generation) = self.generation {
            #[allow(clippy::cast_precision_loss, reason = "exact up to 2^53 swaps")]
            metrics::gauge!(GENERATION.name, &labels()).set(generation as f64);
        }
        metrics::gauge!(PROBLEM.name, &labels()).set(f64::from(u8::from(self.has_problem)));
        let Some(passing) = self.passing else { return };
        if let Some(age) = passing.proof_age {
            metrics::gauge!(PROOF_AGE.name, &labels()).set(age);
        }
        metrics::gauge!(OLD_CONNECTIONS.name, &labels()).set(count(passing.old_connections));
        if let Some(pool) = passing.pool {
            for (state, connections) in [("idle", pool.idle), ("in_use", pool.in_use)] {
                let [component, key] = labels();
                let labels = [component, key, ("state", state.to_owned())];
                metrics::gauge!(POOL_CONNECTIONS.name, &labels).set(count(connections));
            }
            metrics::gauge!(POOL_SIZE.name, &labels()).set(count(pool.size));
            metrics::gauge!(POOL_WAITING.name, &labels()).set(count(pool.waiting));
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "no process has 2^53 connections"
)]
fn count(number: usize) -> f64 {
    number as f64
}

impl std::iter::Sum for PoolUse {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            idle: sum.idle + one.idle,
            in_use: sum.in_use + one.in_use,
            waiting: sum.waiting + one.waiting,
            size: sum.size + one.size,
        })
    }
}
