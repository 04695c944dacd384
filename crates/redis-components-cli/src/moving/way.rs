//! How a cut is made: by the server itself where it can, and by a fence where it cannot.

use serde::Serialize;

use super::link::Link;
use crate::failure::Failure;

/// How a cut is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// The source holds writes, and hands over by itself.
    Failover,
    /// The source refuses writes until the target has all of them.
    Fence,
}

impl Way {
    /// Returns the way that the source allows. It asks for a fail-over that no server begins.
    ///
    /// # Errors
    ///
    /// Returns an error if the source does not answer, or cannot for the moment.
    pub(crate) async fn of(source: &Link) -> Result<Self, Failure> {
        match source
            .try_query::<redis::Value>(&["FAILOVER", "TIMEOUT", "0"])
            .await
        {
            Ok(_) => Ok(Self::Failover),
            // A server that refuses the time knows the command, and allows it.
            Err(error) if matches!(error.code(), Some("ERR" | "NOPERM")) => {
                let text = error.to_string().to_lowercase();
                Ok(if text.contains("timeout must") {
                    Self::Failover
                } else {
                    Self::Fence
                })
            }
            // A script that runs, for example, says nothing of the command.
            Err(error) => Err(source.failure(&error)),
        }
    }

    /// Returns the refusals after which a command may go to the candidate of a move.
    pub(crate) fn refuses(self) -> &'static [&'static str] {
        match self {
            Self::Failover => &["READONLY"],
            Self::Fence => &["NOREPLICAS", "READONLY"],
        }
    }
}
