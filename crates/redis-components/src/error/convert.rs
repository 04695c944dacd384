//! Our error inside `redis::RedisError`, and out again.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use redis::RedisError;

use super::Error;
use super::errors::Errors;

/// Functions that return `RedisResult` can be wrapped as they are; [`Error::of`] finds the error
/// again.
///
/// A permanent error becomes one that redis-rs does not retry. redis-rs gives what it holds as its
/// cause too, so reports that print causes, such as those of anyhow, print the text a second time.
impl From<Error> for RedisError {
    fn from(error: Error) -> Self {
        let kind = if error.kind().is_permanent() {
            io::ErrorKind::Unsupported
        } else {
            io::ErrorKind::NotConnected
        };
        Self::from(io::Error::new(kind, error))
    }
}

impl Error {
    /// Returns the redis-components error that `error` is or was caused by, however deep it is
    /// wrapped: in a `redis::RedisError`, an `anyhow::Error`, a boxed error or your own error with
    /// a `source`. Of several [`Errors`], it is the first.
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
            let error = unshared(error);
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            if let Some(errors) = error.downcast_ref::<Errors>() {
                return errors.iter().next();
            }
            // The source of an `io::Error` is that of the error it holds.
            let held = error.downcast_ref().and_then(io::Error::get_ref);
            next = match held {
                Some(held) => Some(held),
                None => error.source(),
            };
        }
        None
    }
}

/// Returns the error itself, if redis-rs shares it.
fn unshared<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    match error.downcast_ref::<Arc<dyn StdError + Send + Sync>>() {
        Some(shared) => &**shared,
        None => error,
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

    /// Returns one error of each kind.
    fn each() -> impl Iterator<Item = Error> {
        let kinds = [
            ErrorKind::NoConfigServer,
            ErrorKind::ConfigServerUnreachable,
            ErrorKind::ConfigServerRefused,
            ErrorKind::ConfigMissing,
            ErrorKind::ConfigInvalid,
            ErrorKind::ReferenceUnavailable,
            ErrorKind::ForbiddenByPolicy,
            ErrorKind::Disabled,
            ErrorKind::ServerUnreachable,
            ErrorKind::ServerRefused,
            ErrorKind::PoolExhausted,
            ErrorKind::NoRuntime,
            ErrorKind::NeedsDedicated,
            ErrorKind::UnsupportedConnection,
            ErrorKind::NeedsSingleServer,
            ErrorKind::ComponentMoved,
            ErrorKind::ConnectionClosed,
            ErrorKind::ShutDown,
            ErrorKind::Settings,
        ];
        // If a kind is added, this does not compile, and the list above gets it.
        for kind in kinds {
            match kind {
                ErrorKind::NoConfigServer
                | ErrorKind::ConfigServerUnreachable
                | ErrorKind::ConfigServerRefused
                | ErrorKind::ConfigMissing
                | ErrorKind::ConfigInvalid
                | ErrorKind::ReferenceUnavailable
                | ErrorKind::ForbiddenByPolicy
                | ErrorKind::Disabled
                | ErrorKind::ServerUnreachable
                | ErrorKind::ServerRefused
                | ErrorKind::PoolExhausted
                | ErrorKind::NoRuntime
                | ErrorKind::NeedsDedicated
                | ErrorKind::UnsupportedConnection
                | ErrorKind::NeedsSingleServer
                | ErrorKind::ComponentMoved
                | ErrorKind::ConnectionClosed
                | ErrorKind::ShutDown
                | ErrorKind::Settings => {}
            }
        }
        kinds.into_iter().map(|kind| {
            let text = format!("what {kind:?} says");
            Error::new(kind, text).about("logs", "config:redis:logs", Some("10.0.0.7:6379"))
        })
    }

    /// Returns what anyhow and eyre print of an error, with all that caused it.
    fn reports(error: impl StdError + Clone + Send + Sync + 'static) -> [String; 4] {
        let (anyhow, eyre) = (anyhow::Error::new(error.clone()), eyre::Report::new(error));
        [
            format!("{anyhow:#}"),
            format!("{anyhow:?}"),
            format!("{eyre:#}"),
            format!("{eyre:?}"),
        ]
    }

    #[test]
    fn reports_print_the_text_once() {
        for error in each() {
            let text = error.to_string();
            let times = |report: &str| report.matches(&text).count();
            for report in reports(error.clone()) {
                assert_eq!(times(&report), 1, "{report}");
            }
            let errors = Errors::collect([error.clone(), error.clone()]).unwrap_err();
            for report in reports(errors) {
                assert_eq!(times(&report), 2, "once for each: {report}");
            }
            // redis-rs gives what it holds as its cause, and this is all that is printed again.
            let redis = RedisError::from(error);
            for report in reports(redis.clone()) {
                assert_eq!(times(&report), 2, "{report}");
            }
            assert_eq!(redis.to_string(), text);
        }
    }

    #[test]
    fn is_found_inside_of_reports() {
        for error in each() {
            let kind = error.kind();
            let redis = RedisError::from(error.clone());
            let anyhow = anyhow::Error::new(redis.clone()).context("while it logged");
            assert_eq!(Error::of(anyhow.as_ref()).map(Error::kind), Some(kind));
            let eyre = eyre::Report::new(error.clone()).wrap_err("while it logged");
            assert_eq!(Error::of(eyre.as_ref()).map(Error::kind), Some(kind));
            let io = io::Error::other(redis);
            assert_eq!(Error::of(&io).map(Error::kind), Some(kind));
            let errors = Errors::collect([error]).unwrap_err();
            assert_eq!(Error::of(&errors).map(Error::kind), Some(kind));
        }
    }

    #[test]
    fn only_transient_errors_are_worth_a_retry() {
        let redis_error = |kind| RedisError::from(Error::new(kind, "x"));
        assert!(matches!(
            redis_error(ErrorKind::ConfigInvalid).retry_method(),
            redis::RetryMethod::NoRetry
        ));
        for passes in [
            ErrorKind::ServerUnreachable,
            ErrorKind::ReferenceUnavailable,
        ] {
            assert!(redis_error(passes).is_connection_dropped());
        }
    }
}
