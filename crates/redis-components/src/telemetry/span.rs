//! A span for each command, named as OpenTelemetry's conventions for database clients say.
//!
//! It holds the command's name and never its arguments.

use std::borrow::Cow;
use std::future::Future;

use redis::{RedisError, RedisResult, Value};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::component::Subject;
use crate::config::endpoint::Address;
use crate::error::Error;
use crate::error::server_words::known;

/// The target of spans, so that they can be switched off by it.
const TARGET: &str = "redis_components::command";

/// The longest command name that is shown. The names of Redis are shorter.
const LONGEST_NAME: usize = 32;

/// What is shown in the place of a name or code that is a word of somebody's own.
const OTHER: &str = "OTHER";

/// The span of a command, pipeline or transaction.
#[derive(Debug)]
pub(crate) struct CommandSpan(Span);

/// What a span is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation<'a> {
    /// One command, by its name.
    Command(&'a [u8]),
    /// So many commands.
    Pipeline(usize),
    /// So many commands between `MULTI` and `EXEC`.
    Transaction(usize),
}

impl CommandSpan {
    /// Returns the span of a command that begins now, or `None` if nobody listens.
    pub(crate) fn begin(subject: &Subject, db: i64, operation: Operation<'_>) -> Option<Self> {
        let span = tracing::info_span!(
            target: TARGET,
            "redis command",
            otel.kind = "client",
            otel.name = Empty,
            otel.status_code = Empty,
            db.system.name = "redis",
            db.namespace = %db,
            db.operation.name = Empty,
            db.operation.batch.size = Empty,
            db.response.status_code = Empty,
            error.type = Empty,
            server.address = Empty,
            server.port = Empty,
            redis_components.component = subject.component,
        );
        if span.is_disabled() {
            return None;
        }
        let (name, size) = match operation {
            Operation::Command(name) => (shown(name), None),
            Operation::Pipeline(size) => ("PIPELINE".to_owned(), Some(size)),
            Operation::Transaction(size) => ("MULTI".to_owned(), Some(size)),
        };
        span.record("otel.name", format!("{name} {}", subject.component));
        span.record("db.operation.name", name);
        if let Some(size) = size {
            span.record("db.operation.batch.size", size);
        }
        Some(Self(span))
    }

    /// Sends a command inside of the span.
    pub(crate) async fn around<T: Answers>(
        self,
        sending: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        let result = sending.instrument(self.0.clone()).await;
        self.end(&result);
        result
    }

    /// Sends a command of a thread inside of the span.
    pub(crate) fn around_blocking<T: Answers>(
        self,
        send: impl FnOnce() -> RedisResult<T>,
    ) -> RedisResult<T> {
        let result = self.0.in_scope(send);
        self.end(&result);
        result
    }

    fn end<T: Answers>(self, result: &RedisResult<T>) {
        let Self(span) = self;
        let failed = match result {
            Err(error) => Some(Failed::of(error)),
            Ok(answer) => answer
                .error_code()
                .map(|code| Failed::Answer(code.to_owned())),
        };
        let Some(failed) = failed else { return };
        span.record("otel.status_code", "ERROR");
        match failed {
            Failed::Answer(code) => {
                let code = known(&code).unwrap_or(OTHER);
                span.record("db.response.status_code", code);
                span.record("error.type", code);
            }
            Failed::Here(kind) => {
                span.record("error.type", kind.as_ref());
            }
        }
    }
}

/// Why a command failed.
enum Failed {
    /// The server answered with this code.
    Answer(String),
    /// There was no answer.
    Here(Cow<'static, str>),
}

impl Failed {
    fn of(error: &RedisError) -> Self {
        if let Some(code) = error.code() {
            return Self::Answer(code.to_owned());
        }
        Self::Here(if let Some(error) = Error::of(error) {
            format!("{:?}", error.kind()).into()
        } else if error.is_timeout() {
            "timeout".into()
        } else if error.is_io_error() {
            "io".into()
        } else {
            "client".into()
        })
    }
}

/// Answers to commands, which may be errors of the server.
pub(crate) trait Answers {
    /// Returns the code of the first error.
    fn error_code(&self) -> Option<&str>;
}

impl Answers for Value {
    fn error_code(&self) -> Option<&str> {
        match self {
            Self::ServerError(error) => Some(error.code()),
            _ => None,
        }
    }
}

impl Answers for Vec<Value> {
    fn error_code(&self) -> Option<&str> {
        self.iter().find_map(Answers::error_code)
    }
}

/// Notes to which server the command of the current span goes. Of several, the last is kept.
pub(crate) fn sent_to(address: &Address) {
    let span = Span::current();
    // A span of the application may have a field of the same name.
    if span.metadata().is_none_or(|span| span.target() != TARGET) {
        return;
    }
    match address {
        Address::Tcp { host, port } => {
            span.record("server.address", host);
            span.record("server.port", port);
        }
        Address::Unix(path) => {
            span.record("server.address", path.to_string_lossy().as_ref());
        }
    }
}

/// Returns a name of a command or an error code as it may be shown: a word of another form is none
/// of Redis, and may be anything.
fn shown(word: &[u8]) -> String {
    let is_part = |c: &u8| c.is_ascii_alphanumeric() || b"._-".contains(c);
    if word.is_empty() || word.len() > LONGEST_NAME || !word.iter().all(is_part) {
        return OTHER.to_owned();
    }
    String::from_utf8_lossy(word).to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn r8_only_words_that_may_be_names_are_shown() {
        assert_eq!(shown(b"json.set"), "JSON.SET");
        assert_eq!(shown(b"GET"), "GET");
        for other in [&b""[..], b"SET k secret", b"\r\nINFO", &[b'A'; 33], b"\xff"] {
            assert_eq!(shown(other), "OTHER");
        }
    }
}
