//! The state that the handle of a config server and the watch's thread share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::last_good::store::Store;
use super::signal::Signal;
use super::watched_key::WatchedKey;
use crate::transport::failure::Failure;

#[derive(Debug)]
pub(super) struct State {
    pub(super) address: String,
    /// The file of last good configs, if there is one.
    pub(super) last_good: Option<Arc<Store>>,
    keys: Mutex<BTreeMap<String, Arc<WatchedKey>>>,
    writes: Mutex<Vec<Write>>,
    pub(super) signal: Arc<Signal>,
    /// Whether the last attempt to read failed.
    pub(super) lost: AtomicBool,
    /// Whether the server pushes changes.
    pub(super) pushing: AtomicBool,
    /// Whether it keeps pushing keys that have not changed.
    pub(super) pushing_needlessly: AtomicBool,
}

/// A value to be written, and the caller that waits for it.
pub(super) struct Write {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) done: oneshot::Sender<Result<(), Failure>>,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the value, which may hold a password.
        f.debug_struct("Write")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn new(address: String, last_good: Option<Store>) -> Self {
        Self {
            address,
            last_good: last_good.map(Arc::new),
            keys: Mutex::default(),
            writes: Mutex::default(),
            signal: Arc::default(),
            lost: AtomicBool::new(false),
            pushing: AtomicBool::new(false),
            pushing_needlessly: AtomicBool::new(false),
        }
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, BTreeMap<String, Arc<WatchedKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writes(&self) -> MutexGuard<'_, Vec<Write>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
