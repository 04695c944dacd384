//! Why a command did not do what it was asked for, for people and for scripts.

use serde::Serialize;

use crate::text::printable;

/// What a script branches on. Codes are added, never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    CanaryMissing,
    CanaryOn,
    #[cfg(feature = "serve")]
    CannotListen,
    ConfigInvalid,
    ConfigMissing,
    Differences,
    Findings,
    HistoryMissing,
    Interrupted,
    Problems,
    UnknownComponent,
    Unreadable,
    WrongType,
    NoConfigServer,
    NoTerminal,
    SecretInArguments,
    Usage,
    DigestDiffers,
    ProbeFailed,
    ProcessRefused,
    SplitsData,
    NotFollowed,
    OutcomeUnknown,
    ConfigServerRefused,
    ConfigServerUnreachable,
    NoRights,
    ServerRefused,
    ServerUnreachable,
    MustDecide,
    NoMove,
    NotPossible,
    NotReady,
    WrongState,
}

impl Code {
    /// Returns the exit code of the process.
    pub(crate) fn exit(self) -> u8 {
        match self {
            #[cfg(feature = "serve")]
            Self::CannotListen => 1,
            Self::CanaryMissing
            | Self::ConfigInvalid
            | Self::ConfigMissing
            | Self::Differences
            | Self::Findings
            | Self::HistoryMissing
            | Self::Interrupted
            | Self::NoMove
            | Self::Problems
            | Self::UnknownComponent
            | Self::Unreadable
            | Self::WrongType => 1,
            Self::NoConfigServer | Self::NoTerminal | Self::SecretInArguments | Self::Usage => 2,
            Self::CanaryOn
            | Self::DigestDiffers
            | Self::NotPossible
            | Self::ProbeFailed
            | Self::ProcessRefused
            | Self::SplitsData
            | Self::WrongState => 3,
            Self::NotFollowed | Self::NotReady | Self::OutcomeUnknown => 4,
            Self::ConfigServerRefused
            | Self::ConfigServerUnreachable
            | Self::NoRights
            | Self::ServerRefused
            | Self::ServerUnreachable => 5,
            Self::MustDecide => 6,
        }
    }

    /// Returns `true` if the same command may succeed later although nobody changes anything.
    fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::ConfigServerUnreachable
                | Self::Interrupted
                | Self::NotFollowed
                | Self::NotReady
                | Self::ProbeFailed
                | Self::ServerUnreachable
        )
    }
}

/// A failure: what happened and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    component: Option<String>,
    server: Option<String>,
    /// Whether the same command cannot succeed later, because it has begun what another one goes on with.
    has_begun: bool,
    /// More for people, in several lines.
    pub(crate) explanation: String,
}

#[derive(Serialize)]
pub(crate) struct Shown<'a> {
    code: Code,
    message: &'a str,
    retryable: bool,
    component: Option<&'a str>,
    server: Option<&'a str>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            component: None,
            server: None,
            has_begun: false,
            explanation: String::new(),
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    pub(crate) fn of_component(mut self, component: &str) -> Self {
        self.component = Some(printable(component));
        self
    }

    pub(crate) fn at(mut self, server: &str) -> Self {
        self.server = Some(server.to_owned());
        self
    }

    /// Returns the failure of a command that has begun something: only another command goes on with it.
    pub(crate) fn begun(mut self) -> Self {
        self.has_begun = true;
        self
    }

    pub(crate) fn explained(mut self, explanation: String) -> Self {
        self.explanation = explanation;
        self
    }

    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown {
            code: self.code,
            message: &self.message,
            retryable: self.code.is_retryable() && !self.has_begun,
            component: self.component.as_deref(),
            server: self.server.as_deref(),
        }
    }
}
