//! The newest picture, written once for all who ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::samples::Samples;
use crate::live::Snapshot;

/// A picture, and the same as JSON.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) json: String,
}

impl Picture {
    fn of(snapshot: Arc<Snapshot>) -> Arc<Self> {
        let json = serde_json::to_string(&*snapshot).unwrap_or_default();
        Arc::new(Self { snapshot, json })
    }
}

/// What is shown to all who ask.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    newest: watch::Receiver<Arc<Picture>>,
    samples: Arc<Mutex<Samples>>,
}

impl Pictures {
    pub(super) fn newest(&self) -> Arc<Picture> {
        Arc::clone(&self.newest.borrow())
    }

    /// Returns what tells of each new picture.
    pub(super) fn follow(&self) -> watch::Receiver<Arc<Picture>> {
        self.newest.clone()
    }

    /// Returns how often each server was called, as JSON.
    pub(super) fn samples(&self) -> String {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*samples).unwrap_or_default()
    }
}

/// Returns what to show, and what keeps it new until no more pictures come.
pub(crate) fn record(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
) -> (Pictures, impl Future<Output = ()>) {
    let first = Arc::clone(&snapshots.borrow_and_update());
    let (sender, newest) = watch::channel(Picture::of(first));
    let pictures = Pictures {
        newest,
        samples: Arc::default(),
    };
    let samples = Arc::clone(&pictures.samples);
    let recording = async move {
        while snapshots.changed().await.is_ok() {
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
            samples
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .note(&snapshot, now);
            sender.send_replace(Picture::of(snapshot));
        }
    };
    (pictures, recording)
}
