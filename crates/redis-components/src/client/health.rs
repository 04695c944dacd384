//! What the answers to calls tell about a client.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use redis::{RedisError, RedisResult, Value};

/// So many commands in a row without an answer make a server doubtful.
const DOUBTFUL_AFTER: u32 = 3;

/// A client that is younger is not replaced because its server cannot serve: its successor would find the same.
const TOO_YOUNG: Duration = Duration::from_secs(1);

/// The condition of one client.
#[derive(Debug)]
pub(super) struct Health {
    closed: AtomicBool,
    timeouts: AtomicU32,
    since: Instant,
}

/// What is to be done after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Well,
    /// Ask the server whether it is there.
    Doubtful,
    /// Look where the component is, and connect anew: this server is up and does not serve.
    Replace,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            closed: AtomicBool::new(false),
            timeouts: AtomicU32::new(0),
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

    /// Notes that the server has answered.
    pub(super) fn note_answer(&self) {
        // Almost always zero already, and a load is cheaper than a store that other cores have to see.
        if self.timeouts.load(Ordering::Relaxed) != 0 {
            self.timeouts.store(0, Ordering::Relaxed);
        }
    }

    /// No more calls are to be given to the client.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
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
