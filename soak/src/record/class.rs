//! Kinds of callers, and of reasons to fail.

/// A kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Task,
    Thread,
    Cancelled,
    Runtime,
    Frozen,
    Scope,
    Push,
    Pop,
    Subscriber,
    Follower,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Task => "tasks",
            Self::Thread => "threads",
            Self::Cancelled => "tasks that cancel",
            Self::Runtime => "short-lived runtimes",
            Self::Frozen => "tasks that freeze",
            Self::Scope => "scopes",
            Self::Push => "pushes",
            Self::Pop => "pops (dedicated)",
            Self::Subscriber => "subscribers",
            Self::Follower => "subscribers that follow",
        }
    }

    /// Returns `true` if the calls write.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Subscriber | Self::Follower)
    }

    /// Returns `true` if the calls need new connections while their component stays where it is.
    pub(crate) fn connects(self) -> bool {
        matches!(
            self,
            Self::Runtime | Self::Scope | Self::Pop | Self::Subscriber | Self::Follower
        )
    }
}

/// The reason why a call may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Excuse {
    Server,
    RefusedWrite,
    Busy,
    RefusedClient,
    Disabled,
    Moved,
    Cold,
}

impl Excuse {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "a fault of a possible server, or of the machine",
            Self::RefusedWrite => "a possible server could not save",
            Self::Busy => "a possible server ran a script",
            Self::RefusedClient => "a possible server was at its limit of clients",
            Self::Disabled => "the component was switched off",
            Self::Moved => "a subscriber's component moved",
            Self::Cold => "a new scope that found no config",
        }
    }
}
