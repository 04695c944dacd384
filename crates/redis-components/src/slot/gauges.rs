//! How a slot stands, as gauges.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::slot::Slot;
use crate::config::ComponentConfig;
use crate::telemetry::gauges::{Figures, Passing, show};

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
    pub(super) fn show(&self) {
        if self.is_candidate() {
            return;
        }
        let published = self.published();
        let digest = published.as_ref().map(|it| {
            let written = || it.config.written_digest("");
            self.written_digests.of(&it.config, "", written)
        });
        let (problem, old_connections) = self.pending();
        let pool = published.as_ref().and_then(|it| it.clients.pool.as_ref());
        show(
            &self.subject,
            Figures {
                left: self.note_shown(digest.as_ref()),
                digest,
                generation: Some(self.generations.newest()),
                has_problem: problem.is_some() && !self.is_disabled(),
                passing: self.background.is_some().then(|| Passing {
                    proof_age: self.watched.proof_age(),
                    old_connections,
                    pool: pool.map(|pool| pool.client.pool_use()),
                }),
            },
        );
    }

    /// Shows that the component is no longer here.
    fn show_end(&self) {
        if self.is_candidate() {
            return;
        }
        let left = self.note_shown(None);
        let passing = Some(Passing::default()).filter(|_| self.background.is_some());
        let gone = Figures {
            left,
            passing,
            ..Figures::default()
        };
        show(&self.subject, gone);
    }

    /// Notes which digest is shown, and returns the one before if it is another.
    fn note_shown(&self, digest: Option<&String>) -> Option<String> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *shown, digest.cloned());
        before.filter(|before| Some(before) != digest)
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
            self.show_end();
        }
    }
}
