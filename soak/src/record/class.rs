//! Kinds of callers, and of reasons to fail.

/// A kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Task,
    Thread,
    Cancelled,
    Runtime,
    Scope,
    Push,
    Pop,
    Subscriber,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Task => "tasks",
            Self::Thread => "threads",
            Self::Cancelled => "tasks that cancel",
            Self::Runtime => "short-lived runtimes",
            Self::Scope => "scopes",
            Self::Push => "pushes",
            Self::Pop => "pops (dedicated)",
            Self::Subscriber => "subscribers",
        }
    }
}

/// Why a call may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Excuse {
    Server,
    Disabled,
    Cold,
}

impl Excuse {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "a fault of a possible server, or of the machine",
            Self::Disabled => "the component was switched off",
            Self::Cold => "a new scope that found no config",
        }
    }
}
