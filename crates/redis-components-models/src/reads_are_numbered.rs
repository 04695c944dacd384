//! R1: a caller gets a read that was sent after it asked, and every caller gets one.

use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
use loom::thread;

use crate::check;
use crate::reads::Reads;

/// The state of one key and its config server, and how watch and callers wake each other.
struct Model {
    /// The config on the server: how many times it was SET.
    server: Mutex<u64>,
    reads: Reads,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    woken: bool,
    callers_done: usize,
    completed: u64,
    target: u64,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            server: Mutex::new(0),
            reads: Reads::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap();
        while !until(&state) {
            state = self.changed.wait(state).unwrap();
        }
        state
    }

    /// Does a SET and then a call; the call must not run with an older config. `ask` returns the
    /// number of the read that the call waits for.
    fn set_and_call(&self, ask: fn(&Self) -> u64) -> (u64, u64) {
        let set = {
            let mut server = self.server.lock().unwrap();
            *server += 1;
            *server
        };
        let number = ask(self);
        self.change(|state| state.woken = true);
        let target = self.wait(|state| state.completed >= number).target;
        self.change(|state| state.callers_done += 1);
        (set, target)
    }

    fn ask(&self) -> u64 {
        self.reads.ask()
    }

    /// Breaks the rule: takes a read in flight for as good as the next one.
    fn join(&self) -> u64 {
        let in_flight = self.reads.newest_sent();
        if in_flight > self.state.lock().unwrap().completed {
            in_flight
        } else {
            self.reads.ask()
        }
    }

    /// Runs the watch: reads while a caller asks. The first `silent` reads get no answer.
    fn watch(&self, callers: usize, mut silent: usize) {
        loop {
            {
                let mut state = self.wait(|state| state.woken || state.callers_done == callers);
                if state.callers_done == callers {
                    return;
                }
                state.woken = false;
            }
            while self.reads.is_due() {
                self.reads.begin();
                if silent > 0 {
                    silent -= 1;
                    self.reads.give_up();
                    self.change(|state| state.completed = self.reads.newest_sent());
                } else {
                    let answer = *self.server.lock().unwrap();
                    self.change(|state| {
                        state.target = answer;
                        state.completed = self.reads.newest_sent();
                    });
                }
            }
        }
    }
}

fn two_callers(ask: fn(&Model) -> u64) {
    check(move || {
        let model = Model::new();
        let callers = [(); 2].map(|()| {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let (set, target) = model.set_and_call(ask);
                assert!(
                    target >= set,
                    "the call runs with a config older than its SET"
                );
            })
        });
        model.watch(callers.len(), 0);
        for caller in callers {
            caller.join().unwrap();
        }
    });
}

#[test]
fn r1_a_call_gets_a_read_that_was_sent_after_it_asked() {
    two_callers(Model::ask);
}

#[test]
#[should_panic(expected = "the call runs with a config older than its SET")]
fn joining_a_read_in_flight_would_be_noticed() {
    two_callers(Model::join);
}

#[test]
fn r10_a_read_that_is_given_up_releases_who_waits_for_it() {
    // If a caller waits forever, that is a deadlock, and loom reports it.
    check(|| {
        let model = Model::new();
        let callers = [(); 2].map(|()| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.set_and_call(Model::ask))
        });
        model.watch(callers.len(), 1);
        for caller in callers {
            caller.join().unwrap();
        }
    });
}

#[test]
fn r10_one_silence_releases_all_who_have_asked() {
    check(|| {
        let model = Model::new();
        let asked = Arc::new(Mutex::new(None));
        let caller = {
            let (model, asked) = (Arc::clone(&model), Arc::clone(&asked));
            thread::spawn(move || {
                let number = model.reads.ask();
                *asked.lock().unwrap() = Some(number);
            })
        };
        model.reads.begin();
        let waits_for = *asked.lock().unwrap();
        model.reads.give_up();
        if let Some(number) = waits_for {
            let completed = model.reads.newest_sent();
            assert!(completed >= number, "a caller waits for a second silence");
        }
        caller.join().unwrap();
    });
}
