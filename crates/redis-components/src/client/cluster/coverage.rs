//! Whether each slot of a cluster in use has an owner.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::hash_slot::SLOTS;
use crate::telemetry::cluster;
use crate::telemetry::component::Subject;

/// What the last view of a cluster in use lacks.
#[derive(Debug)]
pub(super) struct Coverage {
    subject: Subject,
    server: String,
    lacking: Mutex<Option<String>>,
    lost: Arc<Notify>,
}

impl Coverage {
    pub(super) fn new(subject: Subject, server: String) -> Self {
        Self {
            subject,
            server,
            lacking: Mutex::default(),
            lost: Arc::default(),
        }
    }

    /// Returns what is woken when slots lose their owner.
    pub(super) fn loss(&self) -> Arc<Notify> {
        Arc::clone(&self.lost)
    }

    /// Returns what the last view lacked.
    pub(super) fn lacking(&self) -> Option<String> {
        // Nothing that panics runs under this lock.
        let lacking = self.lacking.lock();
        lacking.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what a view lacks, and tells when that begins and ends.
    pub(super) fn note(&self, lacking: Option<String>) {
        let before = {
            let mut known = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, lacking.clone())
        };
        match (before, lacking) {
            (None, Some(reason)) => {
                cluster::uncovered(&self.subject, self.server.clone(), reason);
                self.lost.notify_one();
            }
            (Some(_), None) => cluster::covered(&self.subject, self.server.clone()),
            _ => {}
        }
    }
}

/// Returns what a view lacks in which so many slots have an owner.
pub(super) fn lacking(covered: usize) -> Option<String> {
    let all = usize::from(SLOTS);
    (covered < all).then(|| {
        format!(
            "only {covered} of its {all} hash slots have an owner; give each slot an owner, or set \
             `require_full_coverage` to false"
        )
    })
}
