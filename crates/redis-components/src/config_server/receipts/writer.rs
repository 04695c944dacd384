//! Writes the receipt of this process, after everything else that the config server is needed for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::identity::Identity;
use super::request::{Receipt, Refusal};
use super::timing::Timing;
use super::written::Written;
use crate::config_server::state::State;
use crate::error::server_words::{is_unknown_command, meaning};
use crate::receipts::{ComponentReceipt, PROCESS_FIELD};
use crate::telemetry;

/// The connection of the watch, while there is one.
pub(crate) type Line = watch::Receiver<Option<MultiplexedConnection>>;

/// How long a change waits for further changes, such as the client that follows a new config.
const SETTLES_WITHIN: Duration = Duration::from_millis(50);
/// The shortest time between two writes: a server that comes and goes is not written about each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// How soon connections of earlier generations are counted again.
const COUNTED_AGAIN: Duration = Duration::from_secs(1);
/// The time after which a server that did not answer, or refuses for a while, is tried again.
const TRIED_AGAIN: Duration = Duration::from_secs(2);
/// The longest delay after a new connection: a config server that restarts is asked by all at once.
const SPREAD: Duration = Duration::from_secs(1);

/// Writes the receipt over the watch's connection, as a task of its own: reads of configs never wait
/// for it.
pub(crate) struct Writer {
    state: Arc<State>,
    identity: Identity,
    line: Line,
    bound: Duration,
    written: Written,
    /// Whether a connection was used before.
    has_met: bool,
    /// Whether connections of earlier generations were in use at the last turn.
    is_counting: bool,
    /// The code of the error with which the server last refused.
    problem: Option<String>,
}

/// The result of a turn.
enum Turn {
    Done,
    /// The server did not answer, or refuses for a while.
    Failed,
    /// This process may not write receipts.
    SwitchedOff,
}

/// Tells that the receipt was removed, or never will be.
struct Leaving(Arc<State>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.has_left.store(true, Ordering::Release);
    }
}

impl Writer {
    pub(crate) fn new(state: Arc<State>, identity: Identity, line: Line, bound: Duration) -> Self {
        Self {
            state,
            identity,
            line,
            bound,
            written: Written::default(),
            has_met: false,
            is_counting: false,
            problem: None,
        }
    }

    /// Writes until the watch ends, and removes the receipt then.
    pub(crate) async fn run(mut self) {
        let _leaving = Leaving(Arc::clone(&self.state));
        if self.write_until_end().await {
            self.remove().await;
        }
    }

    /// Returns `false` if the receipt was switched off.
    async fn write_until_end(&mut self) -> bool {
        let mut due: Option<Instant> = None;
        let mut last = None;
        loop {
            let changed = self.state.signal.changed();
            let is_woken = match due {
                Some(due) => timeout_at(due.into(), changed).await.is_ok(),
                None => {
                    changed.await;
                    true
                }
            };
            if self.state.signal.has_ended() {
                return true;
            }
            if is_woken {
                let at = self.after_change(last);
                due = Some(due.map_or(at, |due| due.min(at)));
                continue;
            }
            last = Some(Instant::now());
            due = match self.turn().await {
                Turn::Done => self.next_turn(),
                Turn::Failed => Some(Instant::now() + TRIED_AGAIN),
                Turn::SwitchedOff => return false,
            };
        }
    }

    /// Returns when to write because something has changed.
    fn after_change(&self, last: Option<Instant>) -> Instant {
        let is_new_connection = self.line.has_changed().unwrap_or_default();
        let delay = if is_new_connection && self.has_met {
            SPREAD.mul_f64(fastrand::f64())
        } else {
            SETTLES_WITHIN + self.timing().delay()
        };
        let now = Instant::now();
        last.map_or(now, |last| now.max(last + SHORTEST_PAUSE)) + delay
    }

    /// Returns when to look again although nothing tells of a change.
    fn next_turn(&self) -> Option<Instant> {
        let now = Instant::now();
        let counted_again = self.is_counting.then(|| now + COUNTED_AGAIN);
        let renewed = self.written.renew_at();
        let renewed = renewed.map(|at| at.max(now + SHORTEST_PAUSE));
        counted_again.into_iter().chain(renewed).min()
    }

    /// Writes what has changed, or renews the receipt if it is time.
    async fn turn(&mut self) -> Turn {
        if self.line.has_changed().unwrap_or_default() {
            self.written.forget();
        }
        let Some(mut connection) = self.line.borrow_and_update().clone() else {
            // The watch tells when it is connected again.
            return Turn::Done;
        };
        self.has_met = true;
        let timing = self.timing();
        // What was gone is written again at once.
        for _ in 0..2 {
            let reports = self.reports();
            let mut counts = reports.iter().map(|(_, report)| report.old_connections());
            self.is_counting = counts.any(|count| count > 0);
            if reports.is_empty() {
                return Turn::Done;
            }
            let is_pushing = self.state.pushing.load(Ordering::Acquire);
            let process = self.identity.process(is_pushing, timing);
            let own = (PROCESS_FIELD.to_owned(), process.to_json());
            let components = reports
                .into_iter()
                .map(|(name, report)| (name, report.to_string()));
            let fields = std::iter::once(own).chain(components).collect();
            let now = Instant::now();
            let Some(request) = self.written.request(fields, timing, now) else {
                return Turn::Done;
            };
            let receipt = Receipt::of(&process);
            let answer = receipt.write(&mut connection, &request, timing, self.bound);
            match answer.await {
                Ok(count) => {
                    self.problem = None;
                    if self.written.note(request, count, timing, now) {
                        return Turn::Done;
                    }
                }
                Err(refusal) => return self.refused(&receipt, connection, refusal).await,
            }
        }
        Turn::Failed
    }

    async fn refused(
        &mut self,
        receipt: &Receipt,
        mut connection: MultiplexedConnection,
        refusal: Refusal,
    ) -> Turn {
        // It is not known which of the commands were executed.
        self.written.forget();
        let error = match refusal {
            Refusal::Unanswered(failure) => {
                if failure.is_closed() {
                    // Nobody else may notice: a process that polls reads for calls only.
                    self.state.reread.store(true, Ordering::Release);
                    self.state.signal.wake();
                }
                return Turn::Failed;
            }
            Refusal::Answered(error) => error,
        };
        let server = self.state.address();
        if error.code() == Some("NOPERM") || is_unknown_command(&error) {
            let reason = if error.code() == Some("NOPERM") {
                "the user of the config server may not write receipts"
            } else {
                "the config server does not know a command that receipts need"
            };
            telemetry::receipts::switched_off(&server, reason);
            // A hash without a TTL would stay if only that was refused.
            drop(receipt.remove(&mut connection, self.bound).await);
            return Turn::SwitchedOff;
        }
        let code = error.code().unwrap_or_default().to_owned();
        if self.problem.as_ref() != Some(&code) {
            telemetry::receipts::cannot_be_written(&server, &meaning(&error));
            self.problem = Some(code);
        }
        Turn::Failed
    }

    async fn remove(&mut self) {
        let connection = self.line.borrow_and_update().clone();
        if let Some(mut connection) = connection.filter(|_| self.has_met) {
            let process = self.identity.process(false, self.timing());
            let receipt = Receipt::of(&process);
            // An error leaves the receipt to its TTL.
            drop(receipt.remove(&mut connection, self.bound).await);
        }
    }

    fn reports(&self) -> Vec<(String, ComponentReceipt)> {
        self.state
            .reporters
            .reports(&self.state.control.control().salt)
    }

    fn timing(&self) -> Timing {
        self.state.control.control().timing
    }
}
