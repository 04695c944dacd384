//! How a process stands to the newest config of a component.

use std::fmt;

/// How a process stands to the newest config of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReceiptState {
    /// The newest config is in force.
    Ok,
    /// The process tries the newest config, waits for one, or its server refuses for a while.
    Trying,
    /// The process refuses the newest config, or its server refuses the process: something has to be
    /// changed first.
    Refused,
    /// The server of the newest config does not answer. It may be the config in force.
    Unreachable,
    /// The newest config switches the component off, and it is off.
    Disabled,
    /// A candidate was proven and is kept ready. The reason is its id.
    Ready,
    /// A state that this version does not know.
    Unknown,
}

impl ReceiptState {
    /// Returns the state's name in a receipt.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Trying => "trying",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Disabled => "disabled",
            Self::Ready => "ready",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn of_name(name: &str) -> Self {
        let known = [
            Self::Ok,
            Self::Trying,
            Self::Refused,
            Self::Unreachable,
            Self::Disabled,
            Self::Ready,
        ];
        let named = known.into_iter().find(|state| state.name() == name);
        named.unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for ReceiptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
