//! Recent and common log messages.

use std::fmt;
use std::sync::LazyLock;
use std::time::SystemTime;

use redis::{AsyncCommands, Pipeline, RedisResult};
use redis_components::Connection;

use super::hourly;

/// How many recent messages are kept for each app and severity.
pub const RECENT_MESSAGES: usize = 100;

/// The severity of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// For people who look for a mistake.
    Debug,
    /// All is well.
    Info,
    /// A person should look at this.
    Warning,
    /// Something did not work.
    Error,
    /// Nothing works.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        })
    }
}

/// Logs a message of severity [`Info`](Severity::Info).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn log_recent(conn: &mut Connection, app: &str, message: &str) -> RedisResult<()> {
    log_recent_at(conn, app, message, Severity::Info).await
}

/// Logs a message, with the time in front, and drops all but the newest hundred of its app and
/// severity.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn log_recent_at(
    conn: &mut Connection,
    app: &str,
    message: &str,
    severity: Severity,
) -> RedisResult<()> {
    let mut pipeline = redis::pipe();
    push_recent(pipeline.atomic(), app, message, severity);
    pipeline.query_async(conn).await
}

/// Returns the recent messages of an app and severity, the newest first.
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn recent_logs(
    conn: &mut Connection,
    app: &str,
    severity: Severity,
) -> RedisResult<Vec<String>> {
    conn.lrange(recent_key(app, severity), 0, -1).await
}

/// Counts a message in the current hour, and logs it as a recent one.
///
/// The counts are in the sorted set `common:<app>:<severity>`. The counts of the hour before are
/// under the same key with the suffix `:last`. `:start` and `:pstart` hold the starts of these
/// hours (UTC).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn log_common(
    conn: &mut Connection,
    app: &str,
    message: &str,
    severity: Severity,
) -> RedisResult<()> {
    let mut pipeline = redis::pipe();
    count_common(pipeline.atomic(), app, message, severity);
    push_recent(&mut pipeline, app, message, severity);
    pipeline.query_async(conn).await
}

fn push_recent(pipeline: &mut Pipeline, app: &str, message: &str, severity: Severity) {
    let key = recent_key(app, severity);
    let time = humantime::format_rfc3339_seconds(SystemTime::now());
    pipeline.lpush(&key, format!("{time} {message}")).ignore();
    pipeline
        .ltrim(&key, 0, RECENT_MESSAGES as isize - 1)
        .ignore();
}

fn recent_key(app: &str, severity: Severity) -> String {
    format!("recent:{app}:{severity}")
}

fn count_common(pipeline: &mut Pipeline, app: &str, message: &str, severity: Severity) {
    let keys = hourly::keys(&format!("common:{app}:{severity}"));
    // A script, so that Redis decides: with WATCH, any other caller on this connection could undo
    // the watch.
    let count = pipeline
        .cmd("EVAL")
        .arg(COUNT_IN_HOUR.as_str())
        .arg(keys.len())
        .arg(&keys);
    count.arg(hourly::current_hour()).arg(message).ignore();
}

static COUNT_IN_HOUR: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}redis.call('ZINCRBY', data, 1, ARGV[2])",
        hourly::BEGIN_HOUR
    )
});
