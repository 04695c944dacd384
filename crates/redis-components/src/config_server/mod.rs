//! The one connection of this process to a config server, on a thread of its own.
//!
//! The thread outlives every runtime of the application, serves blocking callers too, and no busy executor starves it.

mod errands;
mod generation;
mod link;
mod pace;
mod proof;
mod pushes;
mod reading;
mod reads;
mod signal;
mod uplink;
mod watch;
mod watched;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

pub(crate) use self::errands::Errands;
pub(crate) use self::pace::Intervals;
pub(crate) use self::reading::Target;
use self::signal::Signal;
pub(crate) use self::watch::Manner;
pub(crate) use self::watched::Watched;
use crate::client::Failure;
use crate::{ComponentConfig, Error, ErrorKind};

/// A handle to the watch of one config server; the watch ends with it.
#[derive(Debug)]
pub(crate) struct ConfigServer {
    shared: Arc<Shared>,
    errands: Errands,
}

/// What the handle and the watch's thread share.
#[derive(Debug)]
struct Shared {
    address: String,
    keys: Mutex<BTreeMap<String, Arc<Watched>>>,
    writes: Mutex<Vec<Write>>,
    signal: Arc<Signal>,
    /// Whether the last attempt to read failed.
    lost: AtomicBool,
    /// Whether the server pushes changes.
    pushing: AtomicBool,
}

/// A value to be written, and who waits for it.
struct Write {
    key: String,
    value: String,
    done: oneshot::Sender<Result<(), Failure>>,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the value, which may hold a password.
        f.debug_struct("Write")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl ConfigServer {
    /// Starts the watch of the server at `url`. It connects when it is first asked for something.
    pub(crate) fn start(url: &str, manner: Manner) -> Result<Self, Error> {
        let config = ComponentConfig::from_url(url).map_err(|error| {
            Error::new(
                ErrorKind::Settings,
                format!(
                    "the config server's url cannot be used: {}",
                    error.message()
                ),
            )
        })?;
        let shared = Arc::new(Shared {
            address: config.address(),
            keys: Mutex::default(),
            writes: Mutex::default(),
            signal: Arc::default(),
            lost: AtomicBool::new(false),
            pushing: AtomicBool::new(false),
        });
        let (errands, received) = Errands::new();
        watch::start(Arc::clone(&shared), config, manner, received).map_err(|error| {
            Error::new(
                ErrorKind::ConfigServerUnreachable,
                format!("the thread of the config watch cannot be started: {error}"),
            )
        })?;
        Ok(Self { shared, errands })
    }

    /// The server's `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.shared.address
    }

    /// The state of one key, which is the same for everybody who asks.
    pub(crate) fn watched(&self, key: &str) -> Arc<Watched> {
        Arc::clone(
            self.shared
                .keys()
                .entry(key.to_owned())
                .or_insert_with(|| Arc::new(Watched::new(Arc::clone(&self.shared.signal)))),
        )
    }

    /// Whether the server stopped answering and has not answered since.
    pub(crate) fn is_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
    }

    /// Whether the server pushes changes; else they are noticed by reading.
    pub(crate) fn is_pushing(&self) -> bool {
        self.shared.pushing.load(Ordering::Acquire)
    }

    /// Runs something later, on the watch's thread.
    pub(crate) fn errands(&self) -> &Errands {
        &self.errands
    }

    /// Ends the watch. What is asked of it from then on is given up at once.
    pub(crate) fn end(&self) {
        self.shared.signal.end();
    }

    /// Writes a value, once: where no answer comes it may or may not have been written.
    pub(crate) async fn write(&self, key: &str, value: String) -> Result<(), Failure> {
        let ended = || Failure::unreachable("the config watch has ended");
        if self.shared.signal.is_in_vain() {
            return Err(ended());
        }
        let (done, answer) = oneshot::channel();
        self.shared.writes().push(Write {
            key: key.to_owned(),
            value,
            done,
        });
        self.shared.signal.wake();
        if self.shared.signal.has_ended() {
            self.shared.writes().clear();
        }
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for ConfigServer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn keys(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Watched>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writes(&self) -> MutexGuard<'_, Vec<Write>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
