//! The state that the handle of a config server and the watch's thread share.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::control::control_key::ControlKey;
use super::control::offers::Offers;
use super::last_good::store::Store;
use super::reading::Problem;
use super::receipts::report::Reporters;
use super::signal::Signal;
use super::strict::reads::StrictReads;
use super::watched_key::WatchedKey;
use super::write::Write;

/// A key and its state for a component.
pub(super) type Entry = (String, Arc<WatchedKey>);

/// The states of keys. Each of the components that share a key has one of its own, because a canary
/// may hold for one of them.
type Keys = BTreeMap<String, Vec<Arc<WatchedKey>>>;

#[derive(Debug)]
pub(super) struct State {
    /// The server that answers or answered last, for people. Before the first answer, all of them.
    address: ArcSwap<String>,
    /// Why servers that come before it in the list are not used.
    unused: ArcSwapOption<String>,
    /// The file of last good configs, if there is one.
    pub(super) last_good: Option<Arc<Store>>,
    keys: Mutex<Keys>,
    /// The same states by their numbers. States are only ever added.
    numbered: Mutex<Vec<Entry>>,
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
            numbered: Mutex::default(),
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

    pub(super) fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the state of a component's key, which is the same for every caller.
    pub(super) fn watched(&self, component: &str, key: &str) -> Arc<WatchedKey> {
        let mut keys = self.keys();
        let of_key = keys.entry(key.to_owned()).or_default();
        let known = of_key
            .iter()
            .find(|watched| watched.component() == component);
        if let Some(watched) = known {
            return Arc::clone(watched);
        }
        let mut numbered = self.numbered();
        let watched = WatchedKey::of(component, numbered.len(), Arc::clone(&self.signal));
        let watched = Arc::new(watched);
        of_key.push(Arc::clone(&watched));
        numbered.push((key.to_owned(), Arc::clone(&watched)));
        drop(numbered);
        watched.touch();
        watched
    }

    /// Returns `true` if no component knows of this problem of the key.
    pub(super) fn is_news(&self, key: &str, problem: &Problem) -> bool {
        let keys = self.keys();
        let mut of_key = keys.get(key).into_iter().flatten();
        of_key.all(|watched| watched.target().problem.as_ref() != Some(problem))
    }

    /// Returns all keys, with their states.
    pub(super) fn all(&self) -> Vec<Entry> {
        self.numbered().clone()
    }

    /// Returns the keys that something has happened to since this was called last.
    pub(super) fn take_touched(&self) -> Vec<Entry> {
        let touched = self.signal.take_touched();
        let numbered = self.numbered();
        let touched = touched.into_iter();
        touched
            .filter_map(|number| numbered.get(number))
            .inspect(|(_, watched)| watched.begin_look())
            .cloned()
            .collect()
    }

    fn numbered(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.numbered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writes(&self) -> MutexGuard<'_, Vec<Write>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::config_server::control::control_key::ControlKey;

    #[test]
    fn r6_the_watch_looks_only_at_keys_that_something_has_happened_to() {
        let control = ControlKey::new("config:redis:", "i");
        let state = State::new("h:1".to_owned(), None, control);
        let keys: Vec<_> = (0..1_000)
            .map(|number| state.watched("c", &format!("key-{number:03}")))
            .collect();
        let touched = || -> Vec<String> {
            let touched = state.take_touched().into_iter();
            touched.map(|(key, _)| key).collect()
        };
        assert_eq!(touched().len(), keys.len(), "new keys are read");
        assert!(touched().is_empty());
        keys[7].invalidate_by_name();
        keys[7].invalidate_by_name();
        drop(keys[9].follow());
        assert_eq!(touched(), ["key-007", "key-009"]);
        assert!(touched().is_empty());
        // What happens once the watch has begun to look is for its next look.
        keys[7].invalidate_by_name();
        assert_eq!(touched(), ["key-007"]);
    }
}
