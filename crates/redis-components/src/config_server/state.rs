//! The state that the handle of a config server and the watch's thread share.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::control::control_key::ControlKey;
use super::control::offers::Offers;
use super::last_good::store::Store;
use super::receipts::report::Reporters;
use super::signal::Signal;
use super::strict::reads::StrictReads;
use super::watched_key::WatchedKey;
use super::write::Write;

/// A key and its state.
pub(super) type Entry = (String, Arc<WatchedKey>);

#[derive(Debug)]
pub(super) struct State {
    /// The server that answers or answered last, for people. Before the first answer, all of them.
    address: ArcSwap<String>,
    /// Why servers that come before it in the list are not used.
    unused: ArcSwapOption<String>,
    /// The file of last good configs, if there is one.
    pub(super) last_good: Option<Arc<Store>>,
    keys: Mutex<BTreeMap<String, Arc<WatchedKey>>>,
    /// The control key of the fleet.
    pub(super) control: ControlKey,
    /// The candidates that the control key names.
    pub(super) offers: Offers,
    writes: Mutex<Vec<Write>>,
    pub(super) signal: Arc<Signal>,
    /// The reads that calls send themselves.
    pub(super) strict: Arc<StrictReads>,
    /// Whether the last attempt to read failed.
    pub(super) lost: AtomicBool,
    /// Whether the server pushes changes.
    pub(super) pushing: AtomicBool,
    /// Whether it keeps pushing keys that have not changed.
    pub(super) pushing_needlessly: AtomicBool,
    /// Whether everything is to be read again, over another connection if need be.
    pub(super) reread: AtomicBool,
    /// The components that report what they run.
    pub(super) reporters: Reporters,
    /// Whether the receipt of this process is gone, or there is none.
    pub(super) has_left: AtomicBool,
}

impl State {
    pub(super) fn new(address: String, last_good: Option<Store>, control: ControlKey) -> Self {
        Self {
            address: ArcSwap::from_pointee(address),
            unused: ArcSwapOption::empty(),
            last_good: last_good.map(Arc::new),
            keys: Mutex::default(),
            control,
            offers: Offers::new(),
            writes: Mutex::default(),
            signal: Arc::default(),
            strict: Arc::new(StrictReads::new()),
            lost: AtomicBool::new(false),
            pushing: AtomicBool::new(false),
            pushing_needlessly: AtomicBool::new(false),
            reread: AtomicBool::new(false),
            reporters: Reporters::default(),
            has_left: AtomicBool::new(false),
        }
    }

    /// Returns the server that answers or answered last, for people.
    pub(super) fn address(&self) -> Arc<String> {
        self.address.load_full()
    }

    /// Returns why servers that come before it in the list are not used, if there are any.
    pub(super) fn unused(&self) -> Option<Arc<String>> {
        self.unused.load_full()
    }

    /// Notes which server answers, and why others do not.
    pub(super) fn note_server(&self, address: &str, unused: Option<&str>) {
        if **self.address.load() != address {
            self.address.store(Arc::new(address.to_owned()));
        }
        let known = self.unused.load();
        if known.as_deref().map(String::as_str) != unused {
            self.unused
                .store(unused.map(|unused| Arc::new(unused.to_owned())));
        }
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, BTreeMap<String, Arc<WatchedKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the keys for which `wanted` returns `true`.
    pub(super) fn entries(&self, wanted: impl Fn(&WatchedKey) -> bool) -> Vec<Entry> {
        self.keys()
            .iter()
            .filter(|(_, watched)| wanted(watched))
            .map(|(key, watched)| (key.clone(), Arc::clone(watched)))
            .collect()
    }

    /// Returns the time until the next read on behalf of callers that do not read themselves.
    pub(super) fn next_read(&self) -> Option<Duration> {
        let keys = self.keys();
        keys.values()
            .filter_map(|watched| watched.next_read())
            .min()
    }

    pub(super) fn smallest_wait(&self) -> Option<Duration> {
        let keys = self.keys();
        keys.values()
            .filter_map(|watched| watched.smallest_wait())
            .min()
    }

    pub(super) fn writes(&self) -> MutexGuard<'_, Vec<Write>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
