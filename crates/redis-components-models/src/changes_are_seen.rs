//! R2: in every interleaving of pushes and reads, a reading that counts as current is current.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::check;
use crate::clock::Tick;
use crate::invalidations::Invalidations;
use crate::proof::Proof;

/// A config server and one connection, which tracks the keys that it has read.
#[derive(Default)]
struct Server {
    value: u64,
    tracked: bool,
    /// Invalidations that were sent and are not parsed yet.
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

/// How the watch notices that its reading is old.
trait Notice: Send + Sync + 'static {
    fn new() -> Self;
    /// Notes that an invalidation was parsed.
    fn pushed(&self);
    /// Returns `true` if the last reading counts as current.
    fn is_current(&self) -> bool;
    /// Reads the value, and notes how current it is.
    fn reading(&self, get: impl FnOnce() -> u64) -> u64;
}

/// The code that ships.
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

/// Breaks the rule: looks up the count after the answer.
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

/// Breaks the rule: clears a flag.
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

/// Lets two SETs race a watch that reads whenever it finds its reading old.
fn two_writes<N: Notice>() {
    check(|| {
        let server = Arc::new(Mutex::new(Server::default()));
        let notice = Arc::new(N::new());
        let writer = {
            let (server, notice) = (Arc::clone(&server), Arc::clone(&notice));
            thread::spawn(move || {
                for _ in 0..2 {
                    server.lock().unwrap().set();
                    // Parsed at any later time, at any step of the watch.
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
        // All is at rest: a reading that counts as current now does so forever.
        if notice.is_current() {
            let newest = server.lock().unwrap().value;
            assert_eq!(last, newest, "stale forever");
        }
    });
}

#[test]
fn r2_no_invalidation_is_lost_to_a_race_with_a_read() {
    two_writes::<Counted>();
}

#[test]
#[should_panic(expected = "stale forever")]
fn counting_after_the_read_would_be_noticed() {
    two_writes::<CountedTooLate>();
}

#[test]
#[should_panic(expected = "stale forever")]
fn clearing_a_flag_would_be_noticed() {
    two_writes::<Flagged>();
}

/// When the watch compares the counts of pushes: before or after the answer to the PING.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    Before,
    After,
}

/// Lets a heartbeat confirm the last reading, as of the time when the PING was sent.
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
        // A push that came before the answer is counted by then.
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
