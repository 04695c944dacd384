//! Our error inside `redis::RedisError`, and out again.

use std::error::Error as StdError;
use std::{fmt, io};

use redis::RedisError;

use super::Error;

/// Functions that return `RedisResult` can be wrapped as they are; [`Error::of`] finds the error
/// again.
///
/// A permanent error becomes one that redis-rs does not retry.
impl From<Error> for RedisError {
    fn from(error: Error) -> Self {
        let kind = if error.kind().is_permanent() {
            io::ErrorKind::Unsupported
        } else {
            io::ErrorKind::NotConnected
        };
        Self::from(io::Error::new(kind, Carrier(error)))
    }
}

impl Error {
    /// Returns the redis-components error that `error` is or was caused by, however deep it is
    /// wrapped: in a `redis::RedisError`, an `anyhow::Error`, a boxed error or your own error with
    /// a `source`.
    ///
    /// ```
    /// # fn handle(error: redis::RedisError) {
    /// if let Some(error) = redis_components::Error::of(&error) {
    ///     eprintln!("component {:?} has no connection: {error}", error.component());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

/// Shows the error it carries and has it as its source, because `io::Error::source` skips the error
/// it holds.
struct Carrier(Error);

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Carrier {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn is_found_inside_redis_errors_and_boxes() {
        let error = Error::new(ErrorKind::ConfigMissing, "no config").about(
            "logs",
            "config:redis:logs",
            None,
        );
        let redis = RedisError::from(error);
        assert_eq!(redis.to_string(), "component `logs`: no config");
        let boxed: Box<dyn StdError> = Box::new(redis);
        assert_eq!(Error::of(&*boxed).unwrap().component(), Some("logs"));
    }

    #[test]
    fn is_not_found_elsewhere() {
        let error = RedisError::from((redis::ErrorKind::Client, "something else"));
        assert!(Error::of(&error).is_none());
    }

    #[test]
    fn only_transient_errors_are_worth_a_retry() {
        let redis_error = |kind| RedisError::from(Error::new(kind, "x"));
        assert!(matches!(
            redis_error(ErrorKind::ConfigInvalid).retry_method(),
            redis::RetryMethod::NoRetry
        ));
        assert!(redis_error(ErrorKind::ServerUnreachable).is_connection_dropped());
    }
}
