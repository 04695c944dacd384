//! What has failed with the server of one config, and whether it is forgotten.

use std::time::Instant;

use tokio::runtime::Id;

use crate::backoff::Backoff;
use crate::client::health::TOO_YOUNG;
use crate::error::Error;
use crate::transport::failure::Cause;

/// An executor: calls of one share a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutorId {
    Runtime(Id),
    Threads,
    Watch,
}

/// The circuit of a config: for one executor if the server is not the cause, otherwise for all.
#[derive(Debug)]
pub(super) struct Circuit {
    pub(super) revision: u64,
    pub(super) executor: Option<ExecutorId>,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    Failed(Failed),
    OnProbation { since: Instant, failed: Failed },
    Forgiven { at: Instant },
}

#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) cause: Cause,
    pub(super) backoff: Backoff,
    pub(super) at: Instant,
    pub(super) retry_at: Instant,
    /// Whether a client was closed early since the circuit began to fail.
    pub(super) closes_clients: bool,
}

impl Circuit {
    pub(super) fn concerns(&self, executor: ExecutorId) -> bool {
        self.executor.is_none_or(|concerned| concerned == executor)
    }

    pub(super) fn failure(&self) -> Option<&Failed> {
        match &self.state {
            State::Failed(failed) | State::OnProbation { failed, .. } => Some(failed),
            State::Forgiven { .. } => None,
        }
    }

    pub(super) fn has_passed_probation(&self) -> bool {
        matches!(self.state, State::OnProbation { since, .. } if since.elapsed() >= TOO_YOUNG)
    }
}
