//! Blocks a runtime of the application on demand.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::lock::lock;

/// How often the runtime looks for a block that was asked for.
const LOOKED_EVERY: Duration = Duration::from_millis(5);

/// Hands one block of a runtime from the injector to the runtime.
#[derive(Debug, Default)]
pub(crate) struct Freezer(Mutex<Option<Duration>>);

impl Freezer {
    /// Asks for a block of that length.
    pub(crate) fn ask(&self, length: Duration) {
        *lock(&self.0) = Some(length);
    }

    /// Blocks the current thread whenever that was asked for. Never ends.
    pub(crate) async fn serve(&self) {
        loop {
            let asked = lock(&self.0).take();
            if let Some(length) = asked {
                thread::sleep(length);
            }
            tokio::time::sleep(LOOKED_EVERY).await;
        }
    }
}
