//! R1 and R10 for calls that send their reads themselves: each gets an answer, to a read that was
//! sent after it asked, also if others give up in the middle.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::batches::Batches;
use crate::check;
use crate::merged::{Merged, Reading, Source};

/// A config server that answers one read after the other.
#[derive(Default)]
struct Server {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The config: how many times it was SET.
    config: u64,
    /// Reads that were sent.
    sent: Vec<Arc<Request>>,
    callers_done: usize,
}

/// A read on the way.
#[derive(Default)]
struct Request(Mutex<(Option<u64>, Option<Waker>)>);

impl Server {
    fn set(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.config += 1;
        state.config
    }

    fn send(&self) -> Arc<Request> {
        let request = Arc::new(Request::default());
        self.state.lock().unwrap().sent.push(Arc::clone(&request));
        self.changed.notify_all();
        request
    }

    fn note_done(&self) {
        self.state.lock().unwrap().callers_done += 1;
        self.changed.notify_all();
    }

    /// Answers until all callers are done.
    fn serve(&self, callers: usize) {
        loop {
            let mut state = self.state.lock().unwrap();
            while state.sent.is_empty() && state.callers_done < callers {
                state = self.changed.wait(state).unwrap();
            }
            if state.sent.is_empty() {
                return;
            }
            let request = state.sent.remove(0);
            let config = state.config;
            drop(state);
            let waker = {
                let mut request = request.0.lock().unwrap();
                request.0 = Some(config);
                request.1.take()
            };
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

struct Answer(Arc<Request>);

impl Future for Answer {
    type Output = Option<u64>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<u64>> {
        let mut request = self.0.0.lock().unwrap();
        if request.0.is_some() {
            return Poll::Ready(request.0);
        }
        request.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Sends each read when it begins.
struct Honest(Arc<Server>);

impl Source for Honest {
    type Answer = u64;

    fn begin(&self) -> Option<Reading<u64>> {
        Some(Box::pin(Answer(self.0.send())))
    }
}

/// Breaks the rule: sends the next read when one begins, so it is in flight before anybody asks.
struct Hasty(Arc<Server>, Mutex<Option<Arc<Request>>>);

impl Source for Hasty {
    type Answer = u64;

    fn begin(&self) -> Option<Reading<u64>> {
        let next = self.0.send();
        let early = self.1.lock().unwrap().replace(next);
        let request = early.unwrap_or_else(|| self.0.send());
        Some(Box::pin(Answer(request)))
    }
}

/// Wakes a thread.
#[derive(Default)]
struct Parker {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        let mut woken = parker.woken.lock().unwrap();
        while !*woken {
            woken = parker.changed.wait(woken).unwrap();
        }
        *woken = false;
    }
}

/// Two tasks that each do a SET and then a call.
fn two_tasks<S: Source<Answer = u64>>(source: fn(Arc<Server>) -> S) {
    check(move || {
        let server = Arc::new(Server::default());
        let merged = Merged::new(source(Arc::clone(&server)));
        let callers = [(); 2].map(|()| {
            let (server, merged) = (Arc::clone(&server), Arc::clone(&merged));
            thread::spawn(move || {
                let set = server.set();
                let found = block_on(merged.ask());
                assert!(found >= Some(set), "the call runs with an older config");
                server.note_done();
            })
        });
        server.serve(callers.len());
        for caller in callers {
            caller.join().unwrap();
        }
    });
}

#[test]
fn r1_tasks_get_a_read_that_is_sent_after_they_ask() {
    two_tasks(Honest);
}

#[test]
#[should_panic(expected = "an older config")]
fn taking_a_read_in_flight_would_be_noticed() {
    two_tasks(|server| Hasty(server, Mutex::default()));
}

/// One task begins a read and is dropped. The other one comes at any time.
#[test]
fn r10_a_task_that_is_dropped_leaves_no_other_waiting() {
    check(|| {
        let server = Arc::new(Server::default());
        let merged = Merged::new(Honest(Arc::clone(&server)));
        let caller = {
            let (server, merged) = (Arc::clone(&server), Arc::clone(&merged));
            thread::spawn(move || {
                let set = server.set();
                assert!(block_on(merged.ask()) >= Some(set));
                server.note_done();
            })
        };
        let dropped = {
            let (server, merged) = (Arc::clone(&server), Arc::clone(&merged));
            thread::spawn(move || {
                let mut asked = pin!(merged.ask());
                let waker = Waker::noop();
                let _ = asked.as_mut().poll(&mut Context::from_waker(waker));
                server.note_done();
            })
        };
        server.serve(2);
        caller.join().unwrap();
        dropped.join().unwrap();
    });
}

/// Two threads that each do a SET and then a call. `send` returns what is read.
fn two_threads(send: fn(&Server) -> u64) {
    check(move || {
        let server = Arc::new(Server::default());
        let batches = Arc::new(Batches::new());
        let callers = [(); 2].map(|()| {
            let (server, batches) = (Arc::clone(&server), Arc::clone(&batches));
            thread::spawn(move || {
                let set = server.set();
                let found = batches.read("key", |keys: &[&str]| {
                    assert_eq!(keys, ["key"]);
                    vec![Some(send(&server))]
                });
                assert!(found >= Some(set), "the call runs with an older config");
            })
        });
        for caller in callers {
            caller.join().unwrap();
        }
    });
}

#[test]
fn r1_threads_get_a_read_that_is_sent_after_they_ask() {
    two_threads(|server| server.state.lock().unwrap().config);
}

/// Breaks the rule: answers with what was read for an earlier batch.
#[test]
#[should_panic(expected = "an older config")]
fn taking_an_earlier_answer_would_be_noticed() {
    two_threads(|server| {
        let mut state = server.state.lock().unwrap();
        let earlier = state.callers_done;
        state.callers_done = usize::try_from(state.config).unwrap();
        match earlier {
            0 => state.config,
            earlier => u64::try_from(earlier).unwrap(),
        }
    });
}

/// A thread whose read panics leaves no other waiting, and the other one reads itself.
#[test]
fn r10_a_thread_that_panics_leaves_no_other_waiting() {
    check(|| {
        let batches = Arc::new(Batches::new());
        let theirs = Arc::clone(&batches);
        let panics = thread::spawn(move || {
            let read = std::panic::AssertUnwindSafe(|| {
                theirs.read("one", |_| -> Vec<Option<u64>> {
                    std::panic::resume_unwind(Box::new(()))
                })
            });
            // It gets an answer if the other thread sends its key too.
            let _ = std::panic::catch_unwind(read);
        });
        let found = batches.read("two", |keys: &[&str]| vec![Some(1); keys.len()]);
        // There is none if the thread that panics has sent this key.
        assert!(found.is_none_or(|found| found == 1));
        panics.join().unwrap();
    });
}
