//! What configs leave to others: keys follow the primary that sentinels name, and what stands in
//! the environment and in files.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::followed::Followed;
use super::reading::Outside;
use super::watched_key::WatchedKey;
use crate::background::Background;
use crate::config::ComponentConfig;
use crate::config::endpoint::Sentinels;
use crate::config::needs::Needed;
use crate::settings::Settings;
use crate::settings::policy::Policy;
use crate::transport::contents::sources::Sources;
use crate::transport::contents::watcher::{ContentsWatcher, Found as Read};
use crate::transport::sentinel::watcher::{Found, Watcher};

/// The watches of sentinels, and of what configs refer to. Keys that name the same share one.
pub(crate) struct Watchers {
    /// The longest time that connecting to a sentinel may take, and reading what a config refers to.
    connect: Duration,
    /// Which sentinels may be connected to.
    policy: Arc<Policy>,
    sources: Arc<Sources>,
    known: Mutex<Vec<(Sentinels, Weak<Watcher>)>>,
    contents: Mutex<Vec<(Vec<Needed>, Weak<ContentsWatcher>)>>,
}

/// What a key needs to follow what others say.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    watchers: Arc<Watchers>,
    /// The thread on which the keys are followed.
    background: Background,
}

impl Watchers {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            connect: settings.timeouts().connect,
            policy: Arc::clone(settings.allowed()),
            sources: Sources::new(settings),
            known: Mutex::default(),
            contents: Mutex::default(),
        }
    }

    /// Returns the watch of the sentinels. If there is none, it begins on `background`.
    fn get(&self, sentinels: &Sentinels, background: &Background) -> Arc<Watcher> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, watcher)| watcher.strong_count() > 0);
        let mut same = known.iter().filter(|(other, _)| other == sentinels);
        if let Some(watcher) = same.find_map(|(_, watcher)| watcher.upgrade()) {
            return watcher;
        }
        let (watcher, watching) =
            Watcher::new(sentinels, &self.policy, &self.sources, self.connect);
        background.run(watching);
        known.push((sentinels.clone(), Arc::downgrade(&watcher)));
        watcher
    }

    /// Returns the watch of what a config needs. If there is none, it begins on `background`.
    fn contents(&self, needs: Vec<Needed>, background: &Background) -> Arc<ContentsWatcher> {
        let mut known = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, watcher)| watcher.strong_count() > 0);
        let mut same = known.iter().filter(|(other, _)| *other == needs);
        if let Some(watcher) = same.find_map(|(_, watcher)| watcher.upgrade()) {
            return watcher;
        }
        let (watcher, watching) = ContentsWatcher::new(needs.clone(), &self.sources, self.connect);
        background.run(watching);
        known.push((needs, Arc::downgrade(&watcher)));
        watcher
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").finish_non_exhaustive()
    }
}

impl Places {
    pub(crate) fn new(watchers: Arc<Watchers>, background: Background) -> Self {
        Self {
            watchers,
            background,
        }
    }

    /// Returns where secrets may come from.
    pub(super) fn sources(&self) -> &Arc<Sources> {
        &self.watchers.sources
    }

    /// Returns the watch of the sentinels, on the thread on which the keys are followed.
    pub(super) fn watch(&self, sentinels: &Sentinels) -> Arc<Watcher> {
        self.watchers.get(sentinels, &self.background)
    }

    /// Returns what a config leaves to others. The key follows them from now on, and no others.
    pub(super) fn find(&self, watched: &Arc<WatchedKey>, config: &ComponentConfig) -> Outside {
        Outside {
            found: self.found(watched, config),
            read: self.read(watched, config),
        }
    }

    fn found(&self, watched: &Arc<WatchedKey>, config: &ComponentConfig) -> Option<Found> {
        let Some(sentinels) = config.sentinels() else {
            watched.ask_nobody();
            return None;
        };
        let watcher = self.watch(sentinels);
        if !watched.asks(&watcher) {
            let asked = watched.ask_from_now_on(&watcher);
            let following = follow(Arc::downgrade(watched), asked, watcher.subscribe());
            self.background.run(following);
        }
        Some(watcher.found())
    }

    fn read(&self, watched: &Arc<WatchedKey>, config: &ComponentConfig) -> Option<Read> {
        let needs = config.needs();
        if needs.is_empty() {
            watched.read_nothing();
            return None;
        }
        let watcher = self.watchers.contents(needs, &self.background);
        if !watched.reads_by(&watcher) {
            let reads = watched.read_from_now_on(&watcher);
            let reading = read_along(Arc::downgrade(watched), reads, watcher.subscribe());
            self.background.run(reading);
        }
        Some(watcher.found())
    }
}

/// Tells the key what its config refers to, while the watch reads that for it.
async fn read_along(
    watched: Weak<WatchedKey>,
    reads: Weak<Followed<ContentsWatcher>>,
    mut read: watch::Receiver<Read>,
) {
    while read.changed().await.is_ok() {
        let (Some(watched), Some(_)) = (watched.upgrade(), reads.upgrade()) else {
            return;
        };
        let read = read.borrow_and_update().clone();
        watched.note_contents(&read);
    }
}

/// Tells the key what the sentinels say, while it asks them.
async fn follow(
    watched: Weak<WatchedKey>,
    asks: Weak<Followed<Watcher>>,
    mut found: watch::Receiver<Found>,
) {
    while found.changed().await.is_ok() {
        let (Some(watched), Some(_)) = (watched.upgrade(), asks.upgrade()) else {
            return;
        };
        let found = found.borrow_and_update().clone();
        watched.locate(&found);
    }
}
