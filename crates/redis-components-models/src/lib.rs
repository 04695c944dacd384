//! Models of the lock-free parts of redis-components, run by loom in every interleaving.
//!
//! What is checked is the code that ships: its files are included here, with loom's atomics in the place of the
//! standard library's. Each promise has a counter-model, which breaks the rule that keeps it and must fail, as proof that
//! the model would notice. The servers of the models do one command after the other, as Redis does.
#![cfg(test)]

mod sync {
    pub(crate) use loom::sync::atomic;
}

mod clock;
#[path = "../../redis-components/src/config_server/lock_free/invalidations.rs"]
mod invalidations;
#[allow(dead_code, reason = "no model looks at the age")]
#[path = "../../redis-components/src/config_server/lock_free/proof.rs"]
mod proof;
#[path = "../../redis-components/src/config_server/lock_free/reads.rs"]
mod reads;

mod changes_are_seen;
mod proofs_are_true;
mod reads_are_numbered;
mod swaps_are_ordered;

/// Runs a model in all interleavings with up to two preemptions, which is where such faults show.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}
