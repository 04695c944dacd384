//! Why it is not known where the primary of a service is.

use crate::transport::failure::{Cause, Failure};

/// Why the sentinels of a service name no primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoPrimary {
    /// Whether a sentinel answered, and named none.
    pub(in crate::transport) is_answer: bool,
    pub(crate) message: String,
}

impl NoPrimary {
    /// Returns the reason in a build that asks no sentinels.
    #[cfg(not(feature = "sentinel"))]
    pub(in crate::transport) fn not_built() -> Self {
        Self {
            is_answer: true,
            message: "it names sentinels; build redis-components with its feature `sentinel`"
                .to_owned(),
        }
    }

    /// Returns the reason if nobody asks the sentinels any more.
    pub(crate) fn watch_ended() -> Self {
        Self {
            is_answer: false,
            message: "the watch of the sentinels has ended".to_owned(),
        }
    }
}

impl From<NoPrimary> for Failure {
    fn from(NoPrimary { is_answer, message }: NoPrimary) -> Self {
        let cause = if is_answer {
            Cause::Refused
        } else {
            Cause::Unreachable
        };
        Self::new(cause, message)
    }
}
