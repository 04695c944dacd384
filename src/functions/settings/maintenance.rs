//! A memory of the maintenance flag.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the flag is remembered.
const MEMORY: Duration = Duration::from_secs(1);

/// Remembers for a second whether the application is under maintenance. A process needs only one:
///
/// ```
/// use app::functions::settings::Maintenance;
///
/// static MAINTENANCE: Maintenance = Maintenance::new();
/// ```
#[derive(Debug, Default)]
pub struct Maintenance {
    heard: Mutex<Option<(Instant, bool)>>,
}

impl Maintenance {
    /// Returns a memory that knows nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            heard: Mutex::new(None),
        }
    }

    pub(super) fn recall(&self) -> Option<bool> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .filter(|(when, _)| when.elapsed() < MEMORY)
            .map(|(_, under_maintenance)| under_maintenance)
    }

    pub(super) fn remember(&self, under_maintenance: bool) {
        let heard = Some((Instant::now(), under_maintenance));
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = heard;
    }
}
