//! Values to be written to the config server.

use std::fmt;

use redis::RedisResult;
use tokio::sync::oneshot;

use crate::transport::failure::Failure;

/// A value to be written, and the caller that waits for it.
pub(super) struct Write {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) done: oneshot::Sender<Result<(), Failure>>,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the value, which may hold a password.
        f.debug_struct("Write")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Tells the callers how their writes went. `answers` has one for each, or none if the request
/// failed.
///
/// # Errors
///
/// Returns the failure of the request.
pub(super) fn finish(
    writes: Vec<Write>,
    answers: Result<Vec<RedisResult<()>>, Failure>,
) -> Result<(), Failure> {
    let failure = answers.as_ref().err().cloned();
    let mut answers = answers.unwrap_or_default().into_iter();
    for write in writes {
        let written = match (&failure, answers.next()) {
            (None, Some(answer)) => answer.map_err(Failure::from),
            (None, None) => Err(Failure::unreachable("the answer is missing")),
            (Some(failure), _) => Err(failure.clone()),
        };
        // An error says that the caller was cancelled.
        let _ = write.done.send(written);
    }
    failure.map_or(Ok(()), Err)
}
