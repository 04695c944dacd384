//! R2: whatever the interleaving of pushes and reads, what counts as current is current.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::check;
use crate::clock::Tick;
use crate::invalidations::Invalidations;
use crate::proof::Proof;

/// A config server and one connection to it that tracks what it has read.
#[derive(Default)]
struct Server {
    value: u64,
    tracked: bool,
    /// Invalidations that were sent and not yet parsed.
    pushes: u64,
}

impl Server {
    fn set(&mut self) {
        self.value += 1;
        self.pushes += u64::from(std::mem::take(&mut self.tracked));
    }

    fn get(&mut self) -> u64 {
        self.tracked = true;
        self.value
    }
}

/// How the watch notices that what it has is old.
trait Notice: Send + Sync + 'static {
    fn new() -> Self;
    /// An invalidation was parsed.
    fn pushed(&self);
    /// Whether what was read last counts as current.
    fn is_current(&self) -> bool;
    /// Reads, and notes how current that is.
    fn reading(&self, get: impl FnOnce() -> u64) -> u64;
}

/// What ships.
struct Counted {
    invalidations: Invalidations,
    proof: Proof,
}

impl Notice for Counted {
    fn new() -> Self {
        Self {
            invalidations: Invalidations::new(),
            proof: Proof::new(),
        }
    }

    fn pushed(&self) {
        self.invalidations.add();
    }

    fn is_current(&self) -> bool {
        self.proof.is_as_of(self.invalidations.count())
    }

    fn reading(&self, get: impl FnOnce() -> u64) -> u64 {
        let count = self.invalidations.count();
        let value = get();
        self.proof.prove(Tick::now(), count);
        value
    }
}

/// What must not be: the count is looked up when the answer is there.
struct CountedTooLate(Counted);

impl Notice for CountedTooLate {
    fn new() -> Self {
        Self(Counted::new())
    }

    fn pushed(&self) {
        self.0.pushed();
    }

    fn is_current(&self) -> bool {
        self.0.is_current()
    }

    fn reading(&self, get: impl FnOnce() -> u64) -> u64 {
        let value = get();
        let count = self.0.invalidations.count();
        self.0.proof.prove(Tick::now(), count);
        value
    }
}

/// What must not be: a flag that is cleared.
struct Flagged {
    old: AtomicBool,
}

impl Notice for Flagged {
    fn new() -> Self {
        Self {
            old: AtomicBool::new(true),
        }
    }

    fn pushed(&self) {
        self.old.store(true, Ordering::SeqCst);
    }

    fn is_current(&self) -> bool {
        !self.old.load(Ordering::SeqCst)
    }

    fn reading(&self, get: impl FnOnce() -> u64) -> u64 {
        let value = get();
        self.old.store(false, Ordering::SeqCst);
        value
    }
}

/// Two SETs back to back race a watch that reads whenever it finds that it must.
fn two_writes<N: Notice>() {
    check(|| {
        let server = Arc::new(Mutex::new(Server::default()));
        let notice = Arc::new(N::new());
        let writer = {
            let (server, notice) = (Arc::clone(&server), Arc::clone(&notice));
            thread::spawn(move || {
                for _ in 0..2 {
                    server.lock().unwrap().set();
                    // Parsed at any later time, whatever the watch is about.
                    let pushes = std::mem::take(&mut server.lock().unwrap().pushes);
                    for _ in 0..pushes {
                        notice.pushed();
                    }
                }
            })
        };
        let read = || notice.reading(|| server.lock().unwrap().get());
        let mut last = read();
        if !notice.is_current() {
            last = read();
        }
        writer.join().unwrap();
        // All is at rest: what counts as current now does so for ever.
        if notice.is_current() {
            let newest = server.lock().unwrap().value;
            assert_eq!(last, newest, "stale for ever");
        }
    });
}

#[test]
fn r2_no_invalidation_is_lost_to_a_race_with_a_read() {
    two_writes::<Counted>();
}

#[test]
#[should_panic(expected = "stale for ever")]
fn counting_after_the_read_would_be_noticed() {
    two_writes::<CountedTooLate>();
}

#[test]
#[should_panic(expected = "stale for ever")]
fn clearing_a_flag_would_be_noticed() {
    two_writes::<Flagged>();
}

/// Which side of the PING the count of pushes is looked up.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    Before,
    After,
}

/// A heartbeat confirms what was read, dated by its own sending.
fn heartbeat(looked: Looked) {
    check(move || {
        let server = Arc::new(Mutex::new(Server::default()));
        let notice = Counted::new();
        let last = notice.reading(|| server.lock().unwrap().get());
        let writer = {
            let server = Arc::clone(&server);
            thread::spawn(move || server.lock().unwrap().set())
        };
        let before = notice.is_current();
        let when_sent = server.lock().unwrap().value;
        // What was pushed before the answer has been counted when the answer is there.
        for _ in 0..std::mem::take(&mut server.lock().unwrap().pushes) {
            notice.pushed();
        }
        let confirmed = match looked {
            Looked::Before => before,
            Looked::After => notice.is_current(),
        };
        if confirmed {
            assert!(
                last >= when_sent,
                "confirmed what was old when the PING was sent"
            );
        }
        writer.join().unwrap();
    });
}

#[test]
fn r1_a_heartbeat_confirms_only_what_was_current_when_it_was_sent() {
    heartbeat(Looked::After);
}

#[test]
#[should_panic(expected = "confirmed what was old")]
fn a_heartbeat_that_looks_too_early_would_be_noticed() {
    heartbeat(Looked::Before);
}
