//! The condition of a client, as the answers to its calls show it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::{RedisResult, Value};

use crate::clock::Tick;
use crate::transport::error_codes::{does_not_serve, says_does_not_serve};
use crate::transport::failure::EarlyEnd;

/// After this many commands in a row without an answer, the server is probed.
const DOUBTFUL_AFTER: u32 = 3;

/// A pool ends after this many young connections have ended in a row, without an answer between
/// them.
const UNSTEADY_AFTER: u32 = 3;

/// A client younger than this is not replaced because its server does not serve. If its server has
/// closed it, it is not replaced at once. The next client would meet the same server.
pub(crate) const TOO_YOUNG: Duration = Duration::from_secs(1);

/// The interval between probes of a server if this crate does not see the answers to its users.
const PROBED_EVERY: Duration = Duration::from_secs(1);

/// The next request after a pause of this length probes the connection.
const IDLE: Duration = Duration::from_secs(1);

/// The states of a client: it lives; it has ended; it has ended too young, and no caller was told.
const LIVES: u8 = 0;
const ENDED: u8 = 1;
const ENDED_EARLY: u8 = 2;

/// The condition of one client.
#[derive(Debug)]
pub(crate) struct Health {
    state: AtomicU8,
    /// Whether the server may refuse writes, because it is still a replica.
    may_be_replica: AtomicBool,
    /// Whether the server has answered a call since the last probe was due.
    heard: AtomicBool,
    probed: AtomicU64,
    /// The time at which the last request began, to within a quarter of [`IDLE`].
    used: AtomicU64,
    /// Whether a request began after a pause, and the server has not answered since.
    unheard_after_pause: AtomicBool,
    timeouts: AtomicU32,
    hang_ups: AtomicU32,
    since: Instant,
}

/// The step that follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Well,
    /// Probe the server.
    Doubtful,
    /// Look up the component's server, and connect again. This server is up, but does not serve, or
    /// closes the connections that it accepts.
    Replace,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(LIVES),
            may_be_replica: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            probed: AtomicU64::new(Tick::now().to_bits()),
            used: AtomicU64::new(Tick::now().to_bits()),
            unheard_after_pause: AtomicBool::new(false),
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
                self.judge(answer.does_not_serve())
            }
            // Neither the request nor the PING beside it was answered.
            Err(error)
                if error.is_timeout() && self.unheard_after_pause.load(Ordering::Relaxed) =>
            {
                Verdict::Replace
            }
            Err(error) if error.is_timeout() => {
                let timeouts = self.timeouts.fetch_add(1, Ordering::Relaxed) + 1;
                if timeouts.is_multiple_of(DOUBTFUL_AFTER) {
                    Verdict::Doubtful
                } else {
                    Verdict::Well
                }
            }
            Err(error) => self.judge(says_does_not_serve(error)),
        }
    }

    /// Replaces the client of a server that does not serve, unless the client is too young.
    fn judge(&self, does_not_serve: bool) -> Verdict {
        let is_news = does_not_serve && !self.may_be_replica.load(Ordering::Relaxed);
        if is_news && self.since.elapsed() >= TOO_YOUNG {
            Verdict::Replace
        } else {
            Verdict::Well
        }
    }

    /// Sets whether the server may refuse writes, because it is still a replica.
    pub(super) fn set_may_be_replica(&self, may_be: bool) {
        self.may_be_replica.store(may_be, Ordering::Relaxed);
    }

    /// Notes that the server has answered a call.
    fn note_answer(&self) {
        // The flag is almost always set, and a load is cheaper than a store that other cores have
        // to see.
        if !self.heard.load(Ordering::Relaxed) {
            self.heard.store(true, Ordering::Relaxed);
        }
        self.note_probe_answer();
    }

    /// Notes that the server has answered a probe, which says nothing about calls.
    pub(super) fn note_probe_answer(&self) {
        if self.unheard_after_pause.load(Ordering::Relaxed) {
            self.unheard_after_pause.store(false, Ordering::Relaxed);
        }
        for in_a_row in [&self.timeouts, &self.hang_ups] {
            if in_a_row.load(Ordering::Relaxed) != 0 {
                in_a_row.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Notes that a request begins. Returns `true` if there was no request for a while.
    pub(super) fn was_idle(&self) -> bool {
        let unused = Tick::from_bits(self.used.load(Ordering::Relaxed)).elapsed();
        // The store is rare, because a load is cheaper than a store that other cores have to see.
        if unused >= IDLE / 4 {
            self.used.store(Tick::now().to_bits(), Ordering::Relaxed);
        }
        let was_idle = unused >= IDLE;
        if was_idle {
            self.unheard_after_pause.store(true, Ordering::Relaxed);
        }
        was_idle
    }

    /// Returns `true` if it is time to probe the server: once in a while, and not if it has
    /// answered calls since. Of several callers at once, one gets `true`.
    pub(super) fn is_probe_due(&self) -> bool {
        let probed = self.probed.load(Ordering::Relaxed);
        if Tick::from_bits(probed).elapsed() < PROBED_EVERY {
            return false;
        }
        let now = Tick::now().to_bits();
        let relaxed = Ordering::Relaxed;
        let is_first = self
            .probed
            .compare_exchange(probed, now, relaxed, relaxed)
            .is_ok();
        is_first && !self.heard.swap(false, Ordering::Relaxed)
    }

    /// Notes that the server has closed one of the client's connections soon after it was opened.
    pub(super) fn note_hang_up(&self) -> Verdict {
        if self.hang_ups.fetch_add(1, Ordering::Relaxed) + 1 < UNSTEADY_AFTER {
            return Verdict::Well;
        }
        self.end(ENDED_EARLY);
        Verdict::Replace
    }

    /// Gives the client to no further call.
    pub(super) fn close(&self) {
        self.end(ENDED);
    }

    /// Gives the client to no further call, because of the server.
    pub(super) fn lose(&self) {
        let is_early = self.since.elapsed() < TOO_YOUNG;
        self.end(if is_early { ENDED_EARLY } else { ENDED });
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) != LIVES
    }

    /// Returns how the client ended if it ended too young. Only the first caller is told.
    pub(super) fn take_early_end(&self) -> Option<EarlyEnd> {
        let (taken, reading) = (Ordering::AcqRel, Ordering::Acquire);
        self.state
            .compare_exchange(ENDED_EARLY, ENDED, taken, reading)
            .ok()?;
        // Answers over a pool's earlier connections say nothing about the connections that made the
        // pool end.
        let answered = self.heard.load(Ordering::Relaxed)
            && self.hang_ups.load(Ordering::Relaxed) < UNSTEADY_AFTER;
        Some(if answered {
            EarlyEnd::Used
        } else {
            EarlyEnd::Unused
        })
    }

    /// Returns `true` if the server has answered a call since the last probe was due.
    pub(super) fn has_served(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    fn end(&self, state: u8) {
        // An error says that the client has ended before.
        let _ = self
            .state
            .compare_exchange(LIVES, state, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// A reply, or several.
pub(crate) trait Answer {
    /// Returns `true` if the server says that it does not serve: a replica in the place of the
    /// primary, or a server that loads its data.
    fn does_not_serve(&self) -> bool;
}

impl Answer for Value {
    fn does_not_serve(&self) -> bool {
        does_not_serve(self)
    }
}

impl Answer for Vec<Value> {
    fn does_not_serve(&self) -> bool {
        self.iter().any(does_not_serve)
    }
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
