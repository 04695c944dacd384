//! R1: a caller that sees a fresh proof sees the target and the revision that it proves.

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::check;
use crate::clock::{Tick, Wait};
use crate::proof::Proof;

const HOUR: Wait = Wait::of(Duration::from_secs(3600));

struct Model {
    target: AtomicU64,
    proof: Proof,
}

impl Model {
    /// Stores the first answer, as the watch does.
    fn answer(&self) {
        self.target.store(1, Ordering::Release);
        self.proof.announce(1);
        self.proof.prove(Tick::now());
    }

    /// Breaks the rule.
    fn prove_first(&self) {
        self.proof.prove(Tick::now());
        self.target.store(1, Ordering::Release);
        self.proof.announce(1);
    }

    /// Returns what a caller finds, in the order of a slot's loads: whether there is a proof, the
    /// revision, the target.
    fn look(&self) -> (bool, u64, u64) {
        let fresh = self.proof.is_fresh(HOUR);
        let revision = self.proof.revision();
        (fresh, revision, self.target.load(Ordering::Acquire))
    }

    /// Breaks the rule.
    fn look_at_the_proof_last(&self) -> (bool, u64, u64) {
        let target = self.target.load(Ordering::Acquire);
        let revision = self.proof.revision();
        (self.proof.is_fresh(HOUR), revision, target)
    }
}

fn one_answer(answer: fn(&Model), look: fn(&Model) -> (bool, u64, u64)) {
    check(move || {
        let model = Arc::new(Model {
            target: AtomicU64::new(0),
            proof: Proof::new(),
        });
        let watch = {
            let model = Arc::clone(&model);
            thread::spawn(move || answer(&model))
        };
        let (fresh, revision, target) = look(&model);
        if fresh {
            assert_eq!(revision, 1, "the proof is seen without what it proves");
        }
        assert!(
            target >= revision,
            "the revision is seen without its target"
        );
        watch.join().unwrap();
    });
}

#[test]
fn r1_who_sees_the_proof_sees_what_it_proves() {
    one_answer(Model::answer, Model::look);
}

#[test]
#[should_panic(expected = "the proof is seen without what it proves")]
fn a_proof_that_is_stored_first_would_be_noticed() {
    one_answer(Model::prove_first, Model::look);
}

#[test]
#[should_panic(expected = "is seen without")]
fn a_proof_that_is_looked_at_last_would_be_noticed() {
    one_answer(Model::answer, Model::look_at_the_proof_last);
}
