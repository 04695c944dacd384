//! Why it is not known where the primary of a service is.

use crate::transport::failure::{Cause, Failure};

/// Why the sentinels of a service name no primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoPrimary {
    /// What callers are told: [`Cause::Refused`] if a sentinel answered, and named none.
    pub(in crate::transport) cause: Cause,
    pub(crate) message: String,
}

impl NoPrimary {
    /// Returns the reason in a build that asks no sentinels.
    #[cfg(not(feature = "sentinel"))]
    pub(in crate::transport) fn not_built() -> Self {
        Self {
            cause: Cause::Refused,
            message: "it names sentinels; build redis-components with its feature `sentinel`"
                .to_owned(),
        }
    }

    /// Returns the reason if nobody asks the sentinels any more.
    pub(crate) fn watch_ended() -> Self {
        Self {
            cause: Cause::Unreachable,
            message: "the watch of the sentinels has ended".to_owned(),
        }
    }
}

impl From<NoPrimary> for Failure {
    fn from(NoPrimary { cause, message }: NoPrimary) -> Self {
        Self::new(cause, message)
    }
}
