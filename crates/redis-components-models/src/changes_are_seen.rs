//! R2: in every interleaving of pushes and reads, a reading that counts as current is current.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::check;
use crate::invalidations::Invalidations;

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
struct Counted(Invalidations);

impl Notice for Counted {
    fn new() -> Self {
        Self(Invalidations::new())
    }

    fn pushed(&self) {
        self.0.add();
    }

    fn is_current(&self) -> bool {
        !self.0.is_old()
    }

    fn reading(&self, get: impl FnOnce() -> u64) -> u64 {
        let count = self.0.count();
        let value = get();
        self.0.note_reading(count);
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
        let count = self.0.0.count();
        self.0.0.note_reading(count);
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

/// Where the invalidations of two keys are counted.
#[derive(Clone, Copy, PartialEq)]
enum Counters {
    /// As the code that ships does.
    OneEach,
    /// Breaks the rule: a reading of one key takes the other key for read as well.
    OneForBoth,
}

/// Lets a SET of each of two keys race a watch that reads only the keys that it finds old.
fn two_keys(counters: Counters) {
    check(move || {
        let servers = Arc::new([0, 1].map(|_| Mutex::new(Server::default())));
        let notices = Arc::new([0, 1].map(|_| Counted::new()));
        let counted = move |key: usize| match counters {
            Counters::OneEach => key,
            Counters::OneForBoth => 0,
        };
        let read = |key: usize| {
            let get = || servers[key].lock().unwrap().get();
            notices[counted(key)].reading(get)
        };
        let mut last = [0, 1].map(read);
        let writer = {
            let (servers, notices) = (Arc::clone(&servers), Arc::clone(&notices));
            thread::spawn(move || {
                for key in [0, 1] {
                    servers[key].lock().unwrap().set();
                    let pushes = std::mem::take(&mut servers[key].lock().unwrap().pushes);
                    for _ in 0..pushes {
                        notices[counted(key)].pushed();
                    }
                }
            })
        };
        for key in [0, 1] {
            if !notices[counted(key)].is_current() {
                last[key] = read(key);
            }
        }
        writer.join().unwrap();
        for key in [0, 1] {
            if notices[counted(key)].is_current() {
                let newest = servers[key].lock().unwrap().value;
                assert_eq!(last[key], newest, "stale forever");
            }
        }
    });
}

#[test]
fn r2_a_reading_of_one_key_hides_no_invalidation_of_another() {
    two_keys(Counters::OneEach);
}

#[test]
#[should_panic(expected = "stale forever")]
fn one_counter_for_keys_that_are_read_alone_would_be_noticed() {
    two_keys(Counters::OneForBoth);
}

/// When the watch compares the counts of pushes: before or after the answer to the PING, or not at all.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    Before,
    After,
    Never,
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
            Looked::Never => true,
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

#[test]
#[should_panic(expected = "confirmed what was old")]
fn a_heartbeat_that_confirms_every_key_would_be_noticed() {
    heartbeat(Looked::Never);
}
