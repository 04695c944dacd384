//! Makes reports. Subscribers and recorders are other people's code, which may panic, block or call
//! a component.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::text::printable;
use crate::os_thread;

/// An event, or its metrics.
type Report = Box<dyn FnOnce() + Send>;

/// How many reports wait for a subscriber that blocks. Further reports are dropped.
const WAITING: usize = 1_000;

/// How long the thread that makes reports lives without a report.
const LIVES: Duration = Duration::from_secs(1);

thread_local! {
    static ELSEWHERE: RefCell<Option<Reporter>> = const { RefCell::new(None) };
}

/// Makes a report here, or elsewhere if this thread hands its reports over.
pub(crate) fn report(report: impl FnOnce() + Send + 'static) {
    // An error says that this thread ends, and has no such place any more.
    let elsewhere = ELSEWHERE.try_with(|elsewhere| elsewhere.borrow().clone());
    match elsewhere.ok().flatten() {
        Some(elsewhere) => elsewhere.take(Box::new(report)),
        None => report(),
    }
}

/// Makes the reports of a watch's thread one after the other, on a thread where they may block. A
/// report that panics ends nothing.
///
/// The thread and what it waits by are of the standard library: a pool of tokio's may wait in a
/// table of the whole process (its feature `parking_lot`), and in a forked child that table has
/// threads which do not exist there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reporter(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    has_more: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Report>,
    /// Whether there is a thread.
    is_running: bool,
    /// Whether it makes a report now.
    is_busy: bool,
}

impl Reporter {
    /// Hands over the reports of this thread from now on. The thread must not wait for other
    /// people's code.
    pub(crate) fn hand_over() -> Self {
        let reporter = Self::default();
        ELSEWHERE.set(Some(reporter.clone()));
        reporter
    }

    /// Makes the next reports of this thread here again, and returns once the earlier ones are
    /// made, or a subscriber has blocked for a while.
    pub(crate) async fn take_back(self) {
        ELSEWHERE.set(None);
        let begun = tokio::time::Instant::now();
        while !self.0.is_idle() && begun.elapsed() < LIVES {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn take(&self, report: Report) {
        let mut state = self.0.state();
        if state.waiting.len() >= WAITING {
            return;
        }
        state.waiting.push_back(report);
        if state.is_running {
            self.0.has_more.notify_one();
            return;
        }
        let queue = Arc::clone(&self.0);
        let started = os_thread::start("redis-components-report", move || queue.make_all());
        // Without a thread there is nowhere to report it.
        state.is_running = started.is_ok();
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        let state = self.state();
        !state.is_running || state.waiting.is_empty() && !state.is_busy
    }

    fn make_all(&self) {
        while let Some(report) = self.next() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(report)) {
                let reason = printable(message_of(&*panic));
                // It may panic again. Then the panic hook has reported it twice.
                drop(catch_unwind(|| panicked(&reason)));
            }
        }
    }

    /// Returns the next report, or nothing if there was none for a while. Then the thread ends.
    fn next(&self) -> Option<Report> {
        let mut state = self.state();
        state.is_busy = false;
        let waited = self
            .has_more
            .wait_timeout_while(state, LIVES, |state| state.waiting.is_empty());
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let next = state.waiting.pop_front();
        state.is_busy = next.is_some();
        state.is_running = next.is_some();
        next
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

/// A subscriber or recorder has panicked.
fn panicked(reason: &str) {
    tracing::error!(
        reason,
        "a subscriber of events or a metrics recorder panicked"
    );
}

/// Returns the message of a panic, if it has one.
pub(crate) fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it gives no message")
}
