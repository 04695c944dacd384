//! What a server has to be.

use crate::config::endpoint::Endpoint;

/// What a server has to be, as far as it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Whoever asks for more finds out what it is.
    Nothing,
    /// It has data: it is no sentinel.
    Data,
    /// It has the data of all slots: it is no sentinel, and no node beside others of a cluster.
    AllSlots,
    /// It takes writes: sentinels say that it is the primary.
    Primary,
}

impl Demand {
    /// Returns what the server of a component has to be.
    pub(crate) fn of(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Server(_) => Self::AllSlots,
            Endpoint::Sentinels(_) => Self::Primary,
            Endpoint::Cluster(_) => Self::Nothing,
        }
    }

    /// Returns the same demand on a server that may have some slots only.
    pub(crate) fn of_any_slots(self) -> Self {
        match self {
            Self::AllSlots => Self::Data,
            demand => demand,
        }
    }

    /// Returns what is demanded of a server that its mode is not asked of.
    pub(crate) fn whatever_mode(self) -> Self {
        match self {
            Self::Data | Self::AllSlots => Self::Nothing,
            demand => demand,
        }
    }
}
