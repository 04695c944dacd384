//! The log of this process: there is one subscriber, so that all tests share it.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, Once, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::common::until;

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

type Hook = Box<dyn Fn(&str) + Send + Sync>;

/// What is called for each line, beside writing it.
static HOOK: OnceLock<Hook> = OnceLock::new();

/// Writes what it is given as it is.
struct Log;

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, "{field}={value} ").unwrap();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("redis_components")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        if let Some(hook) = HOOK.get() {
            hook(&line.0);
        }
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Begins to write the log.
pub(crate) fn listen() {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| tracing::subscriber::set_global_default(Log).unwrap());
}

/// Begins to write the log, and to call a function for each line of it.
pub(crate) fn listen_and(call: impl Fn(&str) + Send + Sync + 'static) {
    assert!(HOOK.set(Box::new(call)).is_ok(), "one test does this");
    listen();
}

/// Returns the lines that hold all of these texts. One of them should be in no other test's lines.
pub(crate) fn lines(texts: &[&str]) -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = |line: &&String| texts.iter().all(|text| line.contains(text));
    log.iter().filter(wanted).cloned().collect()
}

/// Waits for such a line.
pub(crate) async fn is_told(texts: &[&str]) {
    until(texts[0], async || !lines(texts).is_empty()).await;
}
