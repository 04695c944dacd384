//! R9: a caller that finds the new client finds it current.
//!
//! The slot's own code holds whole clients and is not included. This models the order of its stores
//! and loads.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::check;

/// A slot at generation 1 that is about to publish generation 2.
struct Slot {
    newest: AtomicU64,
    /// The generation of the client that calls get.
    published: AtomicU64,
}

impl Slot {
    fn publish(&self) {
        self.newest.store(2, Ordering::Release);
        self.published.store(2, Ordering::Release);
    }

    /// Breaks the rule.
    fn publish_the_client_first(&self) {
        self.published.store(2, Ordering::Release);
        self.newest.store(2, Ordering::Release);
    }
}

fn one_swap(publish: fn(&Slot)) {
    check(move || {
        let slot = Arc::new(Slot {
            newest: AtomicU64::new(1),
            published: AtomicU64::new(1),
        });
        let swapper = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || publish(&slot))
        };
        let client = slot.published.load(Ordering::Acquire);
        let newest = slot.newest.load(Ordering::Acquire);
        // A caller may find an old client to be old at any time; it never takes the new client for
        // old.
        if client == 2 {
            assert_eq!(newest, client, "the new client is taken for an old one");
        }
        swapper.join().unwrap();
    });
}

#[test]
fn r9_who_finds_the_new_client_finds_it_current() {
    one_swap(Slot::publish);
}

#[test]
#[should_panic(expected = "the new client is taken for an old one")]
fn a_client_that_is_published_before_its_generation_would_be_noticed() {
    one_swap(Slot::publish_the_client_first);
}
