//! Why a pool gives no connection.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::telemetry::component::Subject;
use crate::transport::failure::Failure;

/// The reason why a pool gives no connection.
#[derive(Debug)]
pub(crate) enum Exhausted {
    /// Every connection stayed in use for the whole timeout.
    InUse { in_use: usize, waited: Duration },
    /// The connections stayed in use for the whole timeout, and a further one could not be opened.
    CannotGrow {
        in_use: usize,
        waited: Duration,
        failure: Failure,
    },
    /// There is no connection to wait for, and a further one could not be opened.
    Failed(Failure),
}

impl Exhausted {
    /// Returns the error for a call of the component, whose server is `server`. `is_fixed` says that
    /// the settings give its config.
    pub(crate) fn into_error(self, subject: &Subject, server: &str, is_fixed: bool) -> Error {
        let Subject { component, key } = subject;
        let (message, failure) = match self {
            Self::InUse { in_use, waited } => {
                let advice = if is_fixed {
                    String::new()
                } else {
                    format!("raise `max_connections` in the config under `{key}`, or ")
                };
                let message = format!(
                    "all {in_use} blocking connections stayed in use for {waited:?}; {advice}call from fewer threads \
                     at once"
                );
                let error = Error::new(ErrorKind::PoolExhausted, message);
                return error.about(component, key, None);
            }
            Self::CannotGrow {
                in_use,
                waited,
                failure,
            } => {
                let reason = &failure.message;
                let message = format!(
                    "all {in_use} blocking connections stayed in use for {waited:?}, and one more to {server} could \
                     not be opened: {reason}"
                );
                (message, failure)
            }
            Self::Failed(failure) => {
                let reason = &failure.message;
                let message =
                    format!("one more connection to {server} could not be opened: {reason}");
                (message, failure)
            }
        };
        let kind = failure.cause.error_kind();
        Error::new(kind, message).about(component, key, Some(server))
    }
}
