//! Models of the lock-free parts of redis-components, run by loom in every interleaving.
//!
//! The models check the code that ships. They include its files, with loom's atomics instead of the
//! standard library's.
//!
//! Each promise has a counter-model. It breaks the rule that keeps the promise and must fail, which
//! proves that the model would notice. The servers in the models run one command after the other,
//! as Redis does.
#![cfg(test)]

mod sync {
    pub(crate) use loom::sync::{Mutex, atomic};
    pub(crate) use loom::thread;
}

#[path = "../../redis-components/src/config_server/strict/batches.rs"]
mod batches;
mod clock;
#[path = "../../redis-components/src/config_server/lock_free/invalidations.rs"]
mod invalidations;
#[allow(dead_code, reason = "no model looks at the source")]
#[path = "../../redis-components/src/config_server/strict/merged.rs"]
mod merged;
#[allow(dead_code, reason = "no model looks at the age")]
#[path = "../../redis-components/src/config_server/lock_free/proof.rs"]
mod proof;
#[path = "../../redis-components/src/config_server/lock_free/reads.rs"]
mod reads;

mod changes_are_seen;
mod proofs_are_true;
mod reads_are_numbered;
mod reads_are_shared;
mod swaps_are_ordered;

/// Runs a model in all interleavings with at most two preemptions: these show the faults.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}
