//! What the answers to calls tell about a client.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::{RedisError, RedisResult, Value};

use crate::clock::Tick;

/// So many commands in a row without an answer make a server doubtful.
const DOUBTFUL_AFTER: u32 = 3;

/// So many young connections of a pool, ended in a row without an answer between, end the pool.
const UNSTEADY_AFTER: u32 = 3;

/// A client that is younger is not replaced because its server cannot serve, and not at once where its server has ended
/// it: its successor would find the same.
pub(crate) const TOO_YOUNG: Duration = Duration::from_secs(1);

/// How often the server of a client is asked whether it is there, whose users' answers are not seen.
const CHECKED_EVERY: Duration = Duration::from_secs(1);

/// The states of a client: it lives; it has ended; it has ended too young, and nobody has taken note of it.
const LIVES: u8 = 0;
const ENDED: u8 = 1;
const ENDED_EARLY: u8 = 2;

/// The condition of one client.
#[derive(Debug)]
pub(super) struct Health {
    state: AtomicU8,
    /// Whether the server has answered a call since it was last to be checked.
    heard: AtomicBool,
    checked: AtomicU64,
    timeouts: AtomicU32,
    hang_ups: AtomicU32,
    since: Instant,
}

/// How a client was used that has ended too young.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    /// Its server has answered nothing but the probe.
    Unused,
    /// Its server has answered calls.
    Used,
}

/// What is to be done after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Well,
    /// Ask the server whether it is there.
    Doubtful,
    /// Look where the component is, and connect anew: this server is up and does not serve, or ends what it accepts.
    Replace,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(LIVES),
            heard: AtomicBool::new(false),
            checked: AtomicU64::new(Tick::now().to_bits()),
            timeouts: AtomicU32::new(0),
            hang_ups: AtomicU32::new(0),
            since: Instant::now(),
        }
    }

    /// Notes how a request ended.
    pub(super) fn note<T: Answer>(&self, result: &RedisResult<T>) -> Verdict {
        match result {
            Ok(answer) => {
                self.note_answer();
                if answer.is_refusal() && self.since.elapsed() >= TOO_YOUNG {
                    Verdict::Replace
                } else {
                    Verdict::Well
                }
            }
            Err(error) if error.is_timeout() => {
                let timeouts = self.timeouts.fetch_add(1, Ordering::Relaxed) + 1;
                if timeouts.is_multiple_of(DOUBTFUL_AFTER) {
                    Verdict::Doubtful
                } else {
                    Verdict::Well
                }
            }
            Err(_) => Verdict::Well,
        }
    }

    /// Notes that the server has answered a call.
    fn note_answer(&self) {
        // Almost always so already, and a load is cheaper than a store that other cores have to see.
        if !self.heard.load(Ordering::Relaxed) {
            self.heard.store(true, Ordering::Relaxed);
        }
        self.note_presence();
    }

    /// Notes that the server is there, which says nothing of calls.
    pub(super) fn note_presence(&self) {
        for row in [&self.timeouts, &self.hang_ups] {
            if row.load(Ordering::Relaxed) != 0 {
                row.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Whether it is time to ask the server whether it is there: once in a while, and not where it has answered calls since.
    /// Told to one of those who ask at once.
    pub(super) fn is_check_due(&self) -> bool {
        let checked = self.checked.load(Ordering::Relaxed);
        if Tick::from_bits(checked).elapsed() < CHECKED_EVERY {
            return false;
        }
        let now = Tick::now().to_bits();
        let relaxed = Ordering::Relaxed;
        let is_first = self
            .checked
            .compare_exchange(checked, now, relaxed, relaxed)
            .is_ok();
        is_first && !self.heard.swap(false, Ordering::Relaxed)
    }

    /// Notes that the server has ended one of the client's connections, soon after it was made.
    pub(super) fn note_hang_up(&self) -> Verdict {
        if self.hang_ups.fetch_add(1, Ordering::Relaxed) + 1 < UNSTEADY_AFTER {
            return Verdict::Well;
        }
        self.end(ENDED_EARLY);
        Verdict::Replace
    }

    /// No more calls are to be given to the client.
    pub(super) fn close(&self) {
        self.end(ENDED);
    }

    /// The same, because of the server.
    pub(super) fn lose(&self) {
        let is_early = self.since.elapsed() < TOO_YOUNG;
        self.end(if is_early { ENDED_EARLY } else { ENDED });
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) != LIVES
    }

    /// Whether the client has ended too young; told to the first who asks.
    pub(super) fn take_early_end(&self) -> Option<EarlyEnd> {
        let (taken, reading) = (Ordering::AcqRel, Ordering::Acquire);
        self.state
            .compare_exchange(ENDED_EARLY, ENDED, taken, reading)
            .ok()?;
        // What a pool's earlier connections have answered says nothing of those that have made it end.
        let answered = self.heard.load(Ordering::Relaxed)
            && self.hang_ups.load(Ordering::Relaxed) < UNSTEADY_AFTER;
        Some(if answered {
            EarlyEnd::Used
        } else {
            EarlyEnd::Unused
        })
    }

    /// Whether the server has answered a call since it was last to be checked.
    pub(super) fn has_served(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    fn end(&self, state: u8) {
        // An error says that it has ended before.
        let _ = self
            .state
            .compare_exchange(LIVES, state, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// A reply, or several.
pub(crate) trait Answer {
    /// Whether the server says that it does not serve just now: a replica where the primary was, or one that loads its data.
    fn is_refusal(&self) -> bool;
}

impl Answer for Value {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::ServerError(error) if does_not_serve(error.code()))
    }
}

impl Answer for Vec<Value> {
    fn is_refusal(&self) -> bool {
        self.iter().any(Answer::is_refusal)
    }
}

/// Whether an error's code says that the server will do later what it refuses now, or that another does it.
pub(super) fn does_not_serve(code: &str) -> bool {
    matches!(code, "READONLY" | "LOADING" | "MASTERDOWN")
}

/// Whether an error says so.
pub(super) fn is_passing(error: &RedisError) -> bool {
    error.code().is_some_and(does_not_serve)
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::{RedisError, RedisResult, Value};

    use super::{Health, Verdict};

    fn timed_out() -> RedisResult<Value> {
        Err(RedisError::from(io::Error::from(io::ErrorKind::TimedOut)))
    }

    #[test]
    fn timeouts_in_a_row_make_doubtful() {
        let health = Health::new();
        let verdicts = || [0; 3].map(|_| health.note(&timed_out()));
        assert_eq!(
            verdicts(),
            [Verdict::Well, Verdict::Well, Verdict::Doubtful]
        );
        assert_eq!(
            verdicts(),
            [Verdict::Well, Verdict::Well, Verdict::Doubtful]
        );
    }

    #[test]
    fn an_answer_begins_the_row_anew() {
        let health = Health::new();
        for _ in 0..10 {
            assert_eq!(health.note(&timed_out()), Verdict::Well);
            assert_eq!(health.note(&timed_out()), Verdict::Well);
            assert_eq!(health.note(&Ok(Value::Okay)), Verdict::Well);
        }
    }
}
