//! Configs that the settings give. Where their servers are may change nevertheless.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::places::{Places, Watchers};
use super::signal::Signal;
use super::thread;
use super::watched_key::WatchedKey;
use crate::background::Background;
use crate::config::ComponentConfig;

/// A handle to the thread that follows fixed configs. The thread ends with it.
#[derive(Debug)]
pub(crate) struct FixedConfigs {
    signal: Arc<Signal>,
    background: Background,
    places: Places,
    keys: Mutex<Vec<Arc<WatchedKey>>>,
}

impl FixedConfigs {
    /// Starts the thread.
    pub(crate) fn start(watchers: &Arc<Watchers>) -> io::Result<Self> {
        let signal = Arc::<Signal>::default();
        let (background, tasks) = Background::new();
        let ending = Arc::clone(&signal);
        thread::start(tasks, async move {
            while !ending.has_ended() {
                ending.woken().await;
            }
        })?;
        Ok(Self {
            signal,
            places: Places::new(Arc::clone(watchers), background.clone()),
            background,
            keys: Mutex::default(),
        })
    }

    /// Returns the state of a config that never changes, and follows its server.
    pub(crate) fn watched(&self, config: &ComponentConfig) -> Arc<WatchedKey> {
        let watched = WatchedKey::fixed_until(config.clone(), Arc::clone(&self.signal));
        let watched = Arc::new(watched);
        // What others say of it comes over the thread alone. The key could go back to an older word
        // if this thread told it too.
        self.places.find(&watched, config);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.push(Arc::clone(&watched));
        watched
    }

    /// Returns the handle that runs work on the thread.
    pub(crate) fn background(&self) -> &Background {
        &self.background
    }

    /// Ends the thread, and leaves no caller waiting for it.
    pub(crate) fn end(&self) {
        self.signal.end();
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().for_each(|watched| watched.tell());
    }
}

impl Drop for FixedConfigs {
    fn drop(&mut self) {
        self.end();
    }
}
