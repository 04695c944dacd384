//! A caller, and the checks of its calls.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::{RedisError, RedisResult};

use crate::fleet::Fleet;
use crate::lock::lock;
use crate::places::{LONGEST_CALL, named};
use crate::record::class::Class;
use crate::record::effect::{kind, proves_refusal};
use crate::record::history::Span;
use crate::record::ledger::Ledger;
use crate::soak::Soak;
use crate::which::{Counted, Which};

/// A caller of a component's functions, one call after the other. It counts under its own key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) soak: Arc<Soak>,
    pub(crate) class: Class,
    pub(crate) which: Which,
    pub(crate) key: String,
    ledger: Arc<Mutex<Ledger>>,
    pub(crate) fleet: Fleet,
    /// Whether each call has new clients, which know no last good config.
    pub(crate) is_cold: bool,
}

impl Caller {
    pub(crate) fn new(
        soak: &Arc<Soak>,
        class: Class,
        which: Which,
        fleet: Fleet,
        name: &str,
    ) -> Self {
        let key = format!("{which}:{name}:{fleet:?}");
        Self {
            soak: Arc::clone(soak),
            class,
            which,
            fleet,
            ledger: soak.new_ledger(&key),
            key,
            is_cold: class == Class::Scope,
        }
    }

    /// Returns the caller, counted as another kind of caller.
    pub(crate) fn with_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// Makes a call and judges it.
    pub(crate) async fn count(&self) {
        let text = self.text();
        let begun = Instant::now();
        let counted = self.which.count(&self.key, &text).await;
        self.counted(Span::since(begun), &text, counted);
    }

    /// Makes a call and judges it, unless it takes longer than `patience`.
    pub(crate) async fn count_within(&self, patience: Duration) {
        let text = self.text();
        let begun = Instant::now();
        let counted = self.which.count(&self.key, &text);
        match tokio::time::timeout(patience, counted).await {
            Ok(counted) => self.counted(Span::since(begun), &text, counted),
            Err(_) => self.abandoned(),
        }
    }

    pub(crate) fn count_blocking(&self) {
        let text = self.text();
        let begun = Instant::now();
        let counted = self.which.count_blocking(&self.key, &text);
        self.counted(Span::since(begun), &text, counted);
    }

    /// Notes a call that was given up.
    pub(crate) fn abandoned(&self) {
        lock(&self.ledger).unanswered();
        self.soak.tally.cancelled(self.class);
    }

    /// Judges a call that increments a counter.
    fn counted(&self, call: Span, text: &str, counted: RedisResult<Counted>) {
        match counted {
            Ok((count, echo, name)) => {
                if echo != text {
                    self.wrong(&format!("an answer was mixed up: `{echo}` for `{text}`"));
                }
                let Some(server) = named(&name) else {
                    return self.wrong(&format!("an answer was mixed up: a server named `{name}`"));
                };
                if let Err(error) = lock(&self.ledger).answered(server, count) {
                    self.wrong(&error);
                }
                self.ran_on(call, server);
                self.answered(call, LONGEST_CALL);
            }
            Err(error) => {
                if was_sent(&error) {
                    lock(&self.ledger).unanswered();
                }
                self.failed(call, LONGEST_CALL, &error);
            }
        }
    }

    /// Notes an answered call, which must not have taken longer than `bound`.
    pub(crate) fn answered(&self, call: Span, bound: Duration) {
        self.soak.tally.answered(self.class, took(call));
        if fastrand::u8(..) == 0 {
            let could_fail = self.excuse(call, None).is_some();
            self.soak.tally.sampled(could_fail);
        }
        self.must_end_within(call, bound);
    }

    /// Notes a failed call, which must not have taken longer than `bound` and must have an excuse.
    pub(crate) fn failed(&self, call: Span, bound: Duration, error: &RedisError) {
        let excuse = self.excuse_of_failure(call, error);
        self.soak.tally.failed(self.class, took(call), excuse);
        if excuse.is_none() {
            self.wrong(&format!(
                "a call that took {:?} failed, although its server was healthy: {error}",
                took(call)
            ));
        }
        self.must_end_within(call, bound);
    }

    pub(crate) fn wrong(&self, what: &str) {
        let (class, key) = (self.class.name(), &self.key);
        self.soak.violation(&format!("{class}, `{key}`: {what}"));
    }

    /// Returns a text that no other call has.
    pub(crate) fn text(&self) -> String {
        format!("{}:{:x}", self.key, fastrand::u64(..))
    }
}

/// Returns `true` if the server may have executed a call that failed.
pub(crate) fn was_sent(error: &RedisError) -> bool {
    kind(error).is_none() && !proves_refusal(error)
}

pub(crate) fn took(call: Span) -> Duration {
    call.ended - call.begun
}
