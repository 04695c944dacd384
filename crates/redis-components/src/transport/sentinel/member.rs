//! One known sentinel, with its newest answer.

use std::net::SocketAddr;

use tokio::task::JoinHandle;

use super::deployments::Statement;
use super::link::ANSWERS_WITHIN;
use super::replies::{Answer, Replicas};
use crate::config::endpoint::{Address, Primary};
use crate::transport::failure::{Cause, Failure};

/// One sentinel.
pub(super) struct Member {
    pub(super) number: u64,
    pub(super) address: Address,
    /// Whether the config names it. Otherwise another sentinel did.
    pub(super) is_configured: bool,
    pub(super) state: State,
    /// The last round that it answered, or let go by.
    pub(super) round: u64,
    pub(super) reached: Option<SocketAddr>,
    pub(super) aliases: Vec<Address>,
    pub(super) replicas: Replicas,
    /// The sentinels that it knows.
    pub(super) peers: Vec<Address>,
    pub(super) task: JoinHandle<()>,
}

pub(super) enum State {
    /// The first connect is not over.
    Dialled,
    Answered(Answer),
    /// It is connected, and has not answered in the last round. Until it is given up, what it said
    /// before counts: others may not decide alone because a machine is slow for a moment.
    Silent(Option<Primary>),
    Lost(Failure),
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Member {
    /// Returns `true` if it has answered before, and not in `round`. A sentinel that was silent in
    /// the last round is not waited for.
    pub(super) fn owes(&self, round: u64) -> bool {
        matches!(self.state, State::Answered(_)) && self.round < round
    }

    pub(super) fn statement(&self) -> Option<Statement<'_>> {
        let (State::Answered(Answer::Primary(primary)) | State::Silent(Some(primary))) =
            &self.state
        else {
            return None;
        };
        Some(Statement {
            sentinel: &self.address,
            is_configured: self.is_configured,
            primary,
            aliases: &self.aliases,
            replicas: &self.replicas,
        })
    }
}

impl State {
    /// Returns the state of a sentinel that has not answered.
    pub(super) fn silent(self) -> Self {
        match self {
            Self::Answered(Answer::Primary(primary)) => Self::Silent(Some(primary)),
            Self::Silent(primary) => Self::Silent(primary),
            _ => Self::Silent(None),
        }
    }

    /// Returns why the sentinel names no primary, and what kind of reason that is.
    pub(super) fn reason(&self) -> (String, Cause) {
        let answer = match self {
            Self::Dialled => return ("no answer yet".to_owned(), Cause::Unreachable),
            Self::Silent(_) => {
                let silent = Failure::timed_out(ANSWERS_WITHIN);
                return (silent.message, silent.cause);
            }
            Self::Lost(failure) => return (failure.message.clone(), cause_of(failure)),
            Self::Answered(answer) => answer,
        };
        let reason = match answer {
            Answer::UnknownService => "it knows no such service; check `service_name`",
            Answer::NoAddress => {
                "it knows no address of it; check there that the server runs, and that its name is known"
            }
            Answer::HoldsPassword => {
                "it gives an address that holds the password, and that is not used; check there what the server announces"
            }
            Answer::NoSentinel => "it is no sentinel; check `sentinels`",
            Answer::Refused(reason) => reason,
            Answer::Primary(_) => "it names one",
        };
        (reason.to_owned(), Cause::Refused)
    }
}

/// Returns which kind of reason the failure of a connection is.
fn cause_of(failure: &Failure) -> Cause {
    match failure.cause {
        cause @ (Cause::Forbidden | Cause::Local | Cause::Unavailable) => cause,
        _ if failure.is_refusal() => Cause::Refused,
        _ => Cause::Unreachable,
    }
}
