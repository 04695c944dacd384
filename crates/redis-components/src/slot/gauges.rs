//! How a slot stands, as gauges.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::slot::Slot;
use crate::config::ComponentConfig;
use crate::telemetry::gauges::{Figures, Passing};
use crate::telemetry::report::report;

/// How often the watch's thread looks.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

impl Slot {
    /// Shows from now on how the component stands, while the slot lives.
    pub(crate) fn show_again_and_again(self: &Arc<Self>) {
        if let Some(background) = &self.background {
            background.run(again_and_again(Arc::downgrade(self)));
        }
    }

    /// Shows how the component stands now. Without a thread that looks again, it is shown with each
    /// event, and what changes without one is not.
    pub(super) fn show(self: &Arc<Self>) {
        self.show_later(Arc::downgrade(self));
    }

    fn show_later(&self, slot: Weak<Self>) {
        if !self.is_candidate() {
            let gauges = Arc::clone(&self.gauges);
            report(move || gauges.show(|| slot.upgrade().map(|slot| slot.figures())));
        }
    }

    fn figures(&self) -> Figures {
        let published = self.published();
        let digest = published.as_ref().map(|it| {
            self.digests
                .of(&it.config, "", || it.config.written_digest(""))
        });
        let (problem, old_connections) = self.pending();
        let pool = published.as_ref().and_then(|it| it.clients.pool.as_ref());
        Figures {
            left: None,
            digest,
            generation: Some(self.generations.newest()),
            has_problem: problem.is_some() && !self.is_disabled(),
            passing: self.background.is_some().then(|| Passing {
                proof_age: self.watched.proof_age(),
                old_connections,
                pool: pool.map(|pool| pool.client.pool_use()),
            }),
        }
    }

    fn is_disabled(&self) -> bool {
        let target = self.watched.target();
        target.problem.is_none()
            && target
                .config
                .as_deref()
                .is_some_and(ComponentConfig::is_disabled)
    }
}

async fn again_and_again(slot: Weak<Slot>) {
    // Not all components at once.
    tokio::time::sleep(SHOWN_EVERY.mul_f64(fastrand::f64())).await;
    while let Some(slot) = slot.upgrade() {
        slot.show();
        drop(slot);
        tokio::time::sleep(SHOWN_EVERY).await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // Whoever shows it now or later finds it gone.
            self.show_later(Weak::new());
        }
    }
}
