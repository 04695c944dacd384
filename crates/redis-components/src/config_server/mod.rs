//! The only connection of this process to a config server, on its own thread.
//!
//! The thread outlives every runtime of the application, serves blocking callers too, and no busy
//! executor starves it.

mod bound;
mod candidates;
mod config_text;
mod connection;
pub(crate) mod control;
pub(crate) mod fixed;
mod followed;
#[cfg(test)]
mod generated;
mod good;
mod last_good;
mod lock_free;
mod needless_pushes;
mod pace;
pub(crate) mod places;
mod pushes;
mod read_command;
pub(crate) mod reading;
pub(crate) mod receipts;
mod reconnect;
mod refusal;
mod signal;
mod state;
pub(crate) mod strict;
mod thread;
mod watch;
pub(crate) mod watched_key;
mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio::runtime::Id;
use tokio::sync::oneshot;

use self::control::control_key::ControlKey;
use self::control::offers::OffersFor;
use self::last_good::store::Store;
use self::places::{Places, Watchers};
use self::receipts::identity::Identity;
use self::receipts::report::Report;
use self::state::State;
use self::strict::answer::Answer;
use self::watched_key::WatchedKey;
use self::write::Write;
use crate::background::Background;
use crate::config::ComponentConfig;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;
use crate::transport::failure::Failure;

/// A handle to the watch of one config server. The watch ends with it.
#[derive(Debug)]
pub(crate) struct ConfigServer {
    state: Arc<State>,
    background: Background,
    identity: Identity,
}

impl ConfigServer {
    /// Starts the watch of the servers that `text` names, which is of `origin`. It connects at the
    /// first request. `last_good` is the file of last good configs, `key_prefix` the beginning of
    /// all keys.
    pub(crate) fn start(
        text: &str,
        origin: &str,
        settings: &Settings,
        watchers: &Arc<Watchers>,
        last_good: Option<PathBuf>,
        key_prefix: &str,
    ) -> Result<Self, Error> {
        let configs = ComponentConfig::config_servers(text).map_err(|error| {
            let reason = error.message();
            let text = format!("the config server that {origin} names cannot be used: {reason}");
            Error::new(ErrorKind::Settings, text)
        })?;
        let servers: Vec<String> = configs
            .iter()
            .map(|config| format!("{}/{}", config.address(), config.db_number()))
            .collect();
        let addresses: Vec<String> = configs.iter().map(ComponentConfig::address).collect();
        let last_good = last_good.map(|path| Store::new(path, servers));
        let identity = Identity::new(settings.application_name(), key_prefix);
        let name = identity.client_name("@config");
        let configs = configs.iter().map(|config| config.or_client_name(&name));
        let configs = configs.collect();
        let control = ControlKey::new(key_prefix, identity.instance());
        let state = Arc::new(State::new(addresses.join(" or "), last_good, control));
        let (background, tasks) = Background::new();
        let places = Places::new(Arc::clone(watchers), background.clone());
        let watching = Arc::clone(&state);
        watch::start(watching, configs, settings, tasks, places, identity.clone()).map_err(
            |error| {
                Error::new(
                    ErrorKind::ConfigServerUnreachable,
                    format!("the thread of the config watch cannot be started: {error}"),
                )
            },
        )?;
        Ok(Self {
            state,
            background,
            identity,
        })
    }

    /// Returns the address of the server that answers or answered last. Before the first answer,
    /// the addresses of all that may be used.
    pub(crate) fn address(&self) -> Arc<String> {
        self.state.address()
    }

    /// Returns the names of this process on the config server.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the state of a component's key, which is the same for every caller.
    pub(crate) fn watched(&self, component: &str, key: &str) -> Arc<WatchedKey> {
        self.state.watched(component, key)
    }

    /// Tells which candidate there is for a component.
    pub(crate) fn offers(&self, component: &str) -> OffersFor {
        self.state.offers.for_component(component)
    }

    /// Returns `true` if the server stopped answering and has not answered since.
    pub(crate) fn is_lost(&self) -> bool {
        self.state.lost.load(Ordering::Acquire)
    }

    /// Returns `true` if the server pushes changes. Otherwise they are noticed by reading.
    pub(crate) fn is_pushing(&self) -> bool {
        self.state.pushing.load(Ordering::Acquire)
    }

    /// Returns what should be mended although configs are followed, if anything.
    pub(crate) fn warning(&self) -> Option<String> {
        let keeps_on = self.state.pushing_needlessly.load(Ordering::Acquire);
        let pushes = keeps_on.then(|| {
            let address = self.address();
            format!("the config server {address} {}", needless_pushes::MEANING)
        });
        let unused = self.state.unused();
        let unused = unused.map(|unused| format!("config servers are not used: {unused}"));
        let store = self.state.last_good.as_ref();
        let file = store.and_then(|store| store.problem());
        let all: Vec<String> = [unused, pushes, file].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Returns the path of the file of last good configs, if there is one.
    pub(crate) fn last_good_file(&self) -> Option<&Path> {
        self.state.last_good.as_ref().map(|store| store.path())
    }

    /// Returns the handle that runs work on the watch's thread.
    pub(crate) fn background(&self) -> &Background {
        &self.background
    }

    /// Lets a component report what it runs, in the receipt of this process.
    pub(crate) fn report(&self, component: Weak<dyn Report>) {
        self.state.reporters.add(component);
        self.state.signal.note_change();
    }

    /// Waits for a read of a key that is sent from now on, beside the watch, with a task of `runtime`,
    /// which is the current one. Returns `None` if there is no answer, or the watch has to be asked.
    pub(crate) async fn read_beside(
        &self,
        watched: &WatchedKey,
        key: &str,
        runtime: Id,
    ) -> Option<Answer> {
        if self.state.signal.is_unheard() {
            return None;
        }
        self.state.strict.read(watched.lanes(), key, runtime).await
    }

    /// Does the same as [`read_beside`](Self::read_beside) with this thread.
    pub(crate) fn read_beside_blocking(&self, watched: &WatchedKey, key: &str) -> Option<Answer> {
        if self.state.signal.is_unheard() {
            return None;
        }
        self.state.strict.read_blocking(watched.lanes(), key)
    }

    /// Ends the watch. From then on it gives up every request at once.
    pub(crate) fn end(&self) {
        self.state.signal.end();
        self.state.strict.leave();
    }

    /// Returns `true` if the receipt of this process is gone, or there was none.
    pub(crate) fn has_left(&self) -> bool {
        self.state.has_left.load(Ordering::Acquire)
    }

    /// Writes a value, once. If no answer comes, the value may or may not be written.
    pub(crate) async fn write(&self, key: &str, value: String) -> Result<(), Failure> {
        let ended = || Failure::unreachable("the config watch has ended");
        if self.state.signal.is_unheard() {
            return Err(ended());
        }
        let (done, answer) = oneshot::channel();
        self.state.writes().push(Write {
            key: key.to_owned(),
            value,
            done,
        });
        self.state.signal.wake();
        if self.state.signal.has_ended() {
            self.state.writes().clear();
        }
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for ConfigServer {
    fn drop(&mut self) {
        self.end();
    }
}
