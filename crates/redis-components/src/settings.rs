//! What the application says of the config server and of time-outs.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Timeouts;
use crate::config_server::{Intervals, Manner};
use crate::registry::Registry;
use crate::slot::{Conduct, DrainPolicy};
use crate::{Error, Scope};

/// Where the config server is, and how long things may take.
///
/// The config server is the first that is there of: settings that are [installed](Self::install) or [in scope](Self::scope),
/// the environment variable `REDIS_CONFIG_URL`, and `url` under `[config-server]` in `components.toml`.
///
/// ```no_run
/// # fn main() -> Result<(), redis_components::Error> {
/// redis_components::Settings::new("redis://config.internal:6379").install()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until they are installed or scoped"]
pub struct Settings {
    source: Source,
    key_prefix: Option<String>,
    push: bool,
    timeouts: Timeouts,
    intervals: Intervals,
    drain: DrainPolicy,
}

/// The longest time between heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// No heartbeat is faster; callers whose `wait` is shorter than three of these ask for themselves.
pub(crate) const FASTEST_HEARTBEAT: Duration = Duration::from_millis(50);

const SHORTEST_REREAD: Duration = Duration::from_millis(100);
const LONGEST_REREAD: Duration = Duration::from_secs(24 * 3600);

/// The bounds that configs keep to as well.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

/// An expired proof costs a call no longer wait.
const CONFIG_SERVER_ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// Where configs come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// The environment variable, or the manifest.
    Environment,
    /// The config server at this URL.
    Server(String),
    /// Configs that are given, as URLs by the component's name.
    Fixed(BTreeMap<String, String>),
}

impl Settings {
    /// Settings with the config server at `url`: `redis://user:password@host:port/db`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            source: Source::Server(url.into()),
            ..Self::default()
        }
    }

    /// Settings without a config server, for tests and laptops: each component's name and its server's URL.
    ///
    /// ```
    /// # async fn test() -> redis::RedisResult<()> {
    /// use redis_components::Settings;
    ///
    /// Settings::fixed([("logs", "redis://127.0.0.1:6379")])
    ///     .scope(async {
    ///         // app::logs::log_recent("main", "hello").await
    /// #       Ok(())
    ///     })
    ///     .await
    /// # }
    /// ```
    pub fn fixed<N: Into<String>, U: Into<String>>(
        components: impl IntoIterator<Item = (N, U)>,
    ) -> Self {
        let urls = components.into_iter();
        Self {
            source: Source::Fixed(urls.map(|(name, url)| (name.into(), url.into())).collect()),
            ..Self::default()
        }
    }

    /// What the keys of all configs begin with, in the place of the manifest's `key-prefix`: several environments can share one
    /// config server. A component whose manifest gives its `key` keeps it.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Whether the config server shall push changes; true unless set. Then a change arrives in milliseconds, and calls ask
    /// for nothing as long as the server shows that it is there. Without it, or where the server cannot, configs are
    /// polled: read again when a call finds its proof older than the component's `wait`.
    pub fn push(mut self, push: bool) -> Self {
        self.push = push;
        self
    }

    /// The longest time between two proofs, while the config server pushes, that it is still there: one second unless set,
    /// and a third of the smallest `wait` in use where that is shorter. It can only be lowered, and
    /// not below 50 milliseconds.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.intervals.heartbeat = interval.clamp(FASTEST_HEARTBEAT, HEARTBEAT);
        self
    }

    /// How often all configs are read again while the config server pushes, because not every change is pushed (`SWAPDB`
    /// is not); also how often a server that did not grant pushes is asked again. Thirty seconds unless set, at least
    /// 100 milliseconds and at most a day.
    pub fn reread_interval(mut self, interval: Duration) -> Self {
        self.intervals.reread = interval.clamp(SHORTEST_REREAD, LONGEST_REREAD);
        self
    }

    /// How long connecting to a server may take, logging in and the probe included. One second unless set; a component's
    /// config can say otherwise for its server (`socket_connect_timeout`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout.clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
        self
    }

    /// How long one command may take. Half a second unless set; a component's config can say otherwise for its server
    /// (`socket_timeout`). The config server is never given longer than half a second. At least a millisecond and at most ten
    /// minutes.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout.clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
        self
    }

    /// How long calls on a server that their component has left may go on before a warning tells of them. Thirty seconds
    /// unless set.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain.deadline = deadline;
        self
    }

    /// Whether asynchronous calls that are still under way at the [drain deadline](Self::drain_deadline) are cut; false
    /// unless set.
    pub fn cut_at_drain_deadline(mut self, cut: bool) -> Self {
        self.drain.cut = cut;
        self
    }

    /// Makes these the settings of the process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings) where settings are installed already, or a component was used
    /// before.
    pub fn install(self) -> Result<(), Error> {
        Registry::install(self)
    }

    /// Runs `future` under these settings, with clients of its own: tests can run side by side in one process, each with
    /// servers of its own. Tasks spawned inside carry on with [`Scope::wrap`].
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        Scope::new(Arc::new(Registry::new(self))).run(future)
    }

    /// Runs `f` under these settings, with clients of its own.
    pub fn scope_blocking<T>(self, f: impl FnOnce() -> T) -> T {
        Scope::new(Arc::new(Registry::new(self))).run_blocking(f)
    }

    pub(crate) fn prefix(&self) -> Option<&str> {
        self.key_prefix.as_deref()
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn manner(&self) -> Manner {
        Manner {
            push: self.push,
            timeouts: Timeouts {
                response: self.timeouts.response.min(CONFIG_SERVER_ANSWERS_WITHIN),
                ..self.timeouts
            },
            intervals: self.intervals,
        }
    }

    pub(crate) fn conduct(&self) -> Conduct {
        Conduct {
            timeouts: self.timeouts,
            drain: self.drain,
        }
    }
}

/// The config server of the environment or the manifest, and the usual time-outs.
impl Default for Settings {
    fn default() -> Self {
        Self {
            source: Source::Environment,
            key_prefix: None,
            push: true,
            timeouts: Timeouts {
                connect: Duration::from_secs(1),
                response: Duration::from_millis(500),
            },
            intervals: Intervals {
                heartbeat: HEARTBEAT,
                reread: Duration::from_secs(30),
            },
            drain: DrainPolicy {
                deadline: Duration::from_secs(30),
                cut: false,
            },
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URLs may hold passwords.
        let source = match &self.source {
            Source::Environment => "environment or manifest",
            Source::Server(_) => "config server",
            Source::Fixed(_) => "fixed",
        };
        f.debug_struct("Settings")
            .field("source", &source)
            .field("key_prefix", &self.key_prefix)
            .field("push", &self.push)
            .field("timeouts", &self.timeouts)
            .field("intervals", &self.intervals)
            .field("drain", &self.drain)
            .finish()
    }
}
