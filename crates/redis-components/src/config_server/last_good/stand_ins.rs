//! Finds configs in the file while the config server does not answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::entries::Entries;
use super::store::Store;
use crate::config::ComponentConfig;
use crate::config_server::places::Places;
use crate::config_server::reading::{Problem, StandIn};
use crate::config_server::state::State;
use crate::config_server::watched_key::WatchedKey;
use crate::telemetry;
use crate::telemetry::last_good::Use;
use crate::transport::failure::Failure;

/// The last good configs of keys, or why there is none.
pub(in crate::config_server) type Found = BTreeMap<String, Result<StandIn, String>>;

/// The reader of the file.
#[derive(Debug)]
pub(in crate::config_server) struct StandIns {
    store: Arc<Store>,
    /// How long the watch waits for the file. A disk that hangs must not hold it up for longer than a
    /// connect.
    within: Duration,
    reading: Option<JoinHandle<Result<Entries, String>>>,
}

impl StandIns {
    pub(in crate::config_server) fn new(store: Arc<Store>, within: Duration) -> Self {
        Self {
            store,
            within,
            reading: None,
        }
    }

    /// Looks for the last good configs of the keys that have no config, but not again for those
    /// that were looked for `before`.
    pub(in crate::config_server) async fn find(&mut self, state: &State, before: &Found) -> Found {
        let keys: Vec<String> = {
            let keys = state.keys();
            let is_without = |watched: &Arc<WatchedKey>| watched.target().config.is_none();
            let without = keys
                .iter()
                .filter(|(_, of_key)| of_key.iter().any(is_without));
            let without = without.filter(|(key, _)| !before.contains_key(*key));
            without.map(|(key, _)| key.clone()).collect()
        };
        if keys.is_empty() {
            return Found::new();
        }
        let entries = self.read().await;
        let found = keys.into_iter().map(|key| {
            let found = match &entries {
                Some(entries) => self.find_in(entries, &key),
                None => Err(self.store.reading_problem().unwrap_or_default()),
            };
            (key, found)
        });
        found.collect()
    }

    /// Reads the file as it is now. Other processes may have put configs there.
    async fn read(&mut self) -> Option<Entries> {
        let store = &self.store;
        let start = || {
            let file = Arc::clone(store);
            spawn_blocking(move || file.read())
        };
        let reading = self.reading.get_or_insert_with(start);
        let Ok(read) = timeout(self.within, reading).await else {
            let reason = format!("it could not be read within {:?}", self.within);
            self.store.note(Use::Read, Some(reason));
            return None;
        };
        self.reading = None;
        let read = read.unwrap_or_else(|error| Err(format!("its thread has ended: {error}")));
        let (entries, problem) = match read {
            Ok(entries) => (Some(entries), None),
            Err(problem) => (None, Some(problem)),
        };
        self.store.note(Use::Read, problem);
        entries
    }

    fn find_in(&self, entries: &Entries, key: &str) -> Result<StandIn, String> {
        let path = self.store.shown_path();
        let (text, saved) = entries
            .find(self.store.servers(), key)
            .ok_or_else(|| format!("the last-good file {path} has no config for it"))?;
        let config = ComponentConfig::from_json(text.expose()).map_err(|error| {
            let reason = error.message();
            format!("its config in the last-good file {path} is refused: {reason}")
        })?;
        Ok(StandIn {
            config,
            text: text.clone(),
            saved,
        })
    }
}

/// Ends the reads of a key, because the server does not answer. A key without a config gets the one
/// that was found.
pub(in crate::config_server) fn give_up(
    state: &State,
    places: &Places,
    key: &str,
    watched: &Arc<WatchedKey>,
    failure: &Failure,
    found: &Found,
) {
    let server = &state.address();
    let mut problem = Problem::unanswered(server, failure);
    // Another component with this key may have none.
    let found = found.get(key).filter(|_| watched.target().config.is_none());
    match found {
        Some(Ok(stand_in)) => {
            let saved = stand_in.saved;
            let found = places.find(watched, &stand_in.config);
            watched.give_up(problem, Some((stand_in.clone(), found)));
            if let Some(store) = &state.last_good {
                telemetry::last_good::stands_in(server, key, &store.shown_path(), saved);
            }
        }
        Some(Err(reason)) => {
            problem.message = format!("{}; {reason}", problem.message);
            watched.give_up(problem, None);
        }
        None => watched.give_up(problem, None),
    }
}
