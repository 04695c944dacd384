//! Why a server does not say where it stands. Most servers that do not are alive.

use crate::failure::{Code, Failure};

/// Why a server does not say where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It does not answer: it is down, stands still, or is out of reach.
    NoAnswer,
    /// It answers that it loads its data, or has none yet.
    Loading,
    /// It answers, and a script or function keeps it busy.
    Busy,
    /// It answers, and takes no more connections.
    Full,
    /// It answers, and refuses the login or the question.
    Refused,
    /// Nobody has asked it: its config cannot be used here, or the policy forbids its address.
    NotAsked,
}

impl Silence {
    /// Returns what the failure of a question means for a server.
    pub(crate) fn of(failure: &Failure) -> Self {
        let mut words = failure.message.split(|c: char| !c.is_ascii_uppercase());
        let word = words.find_map(|word| match word {
            "LOADING" | "MASTERDOWN" => Some(Self::Loading),
            "BUSY" => Some(Self::Busy),
            _ => None,
        });
        match word {
            Some(silence) => silence,
            None if failure.message.contains("max number of clients") => Self::Full,
            None if failure.code == Code::ServerUnreachable => Self::NoAnswer,
            None if failure.code == Code::ConfigInvalid => Self::NotAsked,
            None => Self::Refused,
        }
    }

    /// Returns `true` if nothing says that the server is dead, and it does not say where it stands.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Full | Self::Refused | Self::NotAsked
        )
    }

    /// Returns what a person may do at a server that is alive.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::NoAnswer => "see why it does not answer",
            Self::Loading => "wait until it has loaded",
            Self::Busy => {
                "wait until its script or function has ended, or end it with SCRIPT KILL or FUNCTION KILL \
                there"
            }
            Self::Full => "close connections to it, or raise its `maxclients`",
            Self::NotAsked => {
                "give the command where the config can be used, with all files and variables that it names"
            }
            Self::Refused => "correct the login at that server, or the rights of its user there",
        }
    }
}
