//! The application's settings of the config server and of timeouts. Data only.

pub(crate) mod credentials;
pub(crate) mod drain;
pub(crate) mod intervals;
mod patterns;
pub(crate) mod policy;
pub(crate) mod timeouts;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::credentials::{Credentials, Provider, Providers};
use self::drain::DrainPolicy;
use self::intervals::{FASTEST_HEARTBEAT, Intervals};
use self::policy::Policy;
use self::timeouts::Timeouts;
use crate::config::secret::Secret;

/// The address of the config server, and how long things may take.
///
/// The config server's URL comes from the first of these that is set: settings that are
/// [installed](Self::install) or [in scope](Self::scope), the environment variable
/// `REDIS_CONFIG_URL`, and `url` under `[config-server]` in `components.toml`.
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
    max_age: Option<Duration>,
    policy: Arc<Policy>,
    providers: Providers,
    last_good_file: Option<PathBuf>,
    receipts: bool,
    application: Option<String>,
}

/// The longest time between two heartbeats: as long as TCP keepalive waits.
const HEARTBEAT: Duration = Duration::from_secs(15);

const SHORTEST_REREAD: Duration = Duration::from_millis(100);
const LONGEST_REREAD: Duration = Duration::from_secs(24 * 3600);

const YOUNGEST_MAX_AGE: Duration = Duration::from_secs(1);

/// Configs keep to the same bounds.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

/// A call whose proof has expired waits no longer for the config server.
const CONFIG_SERVER_ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// The source of configs.
#[derive(Clone)]
pub(crate) enum Source {
    /// The environment variable, or the manifest.
    Environment,
    /// The config server at this URL.
    Server(Secret),
    /// URLs by component name.
    Fixed(BTreeMap<String, Secret>),
}

impl Settings {
    /// Returns settings with the config server at `url`: `redis://user:password@host:port/db`.
    ///
    /// It may also be several URLs with commas between, of which the first that answers is used, or
    /// JSON: a [config](crate::ComponentConfig), or an array of configs and URLs. A config server
    /// behind sentinels is followed when they fail over.
    ///
    /// What cannot be used is reported by the first call, as
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings).
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            source: Source::Server(Secret::new(url)),
            ..Self::default()
        }
    }

    /// Returns settings without a config server, for tests and laptops: each component's name and
    /// its server's URL, or its config as JSON. If the config names sentinels, the component follows
    /// the primary that they name.
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
            source: Source::Fixed(
                urls.map(|(name, url)| (name.into(), Secret::new(url)))
                    .collect(),
            ),
            ..Self::default()
        }
    }

    /// Sets the prefix of all config keys, instead of the manifest's `key-prefix`. Several
    /// environments can then share one config server. A component whose manifest gives its `key`
    /// keeps that key.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Sets whether the config server pushes changes. The default is `true`.
    ///
    /// With push, a change arrives in milliseconds, and calls ask for nothing while the server
    /// shows that it is alive. Without push, or if the server cannot push, configs are polled: a
    /// call whose proof is older than the component's `wait` reads the config again.
    pub fn push(mut self, push: bool) -> Self {
        self.push = push;
        self
    }

    /// Sets the longest time between two proofs that a config server that pushes is still alive.
    ///
    /// The default and the maximum is 15 seconds, the minimum 50 milliseconds. If the smallest `wait`
    /// in use needs a proof sooner, that counts instead: after 750 milliseconds for a second, after
    /// 7.5 seconds for ten. So a config server that hangs is noticed before any proof is too old.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.intervals.heartbeat = interval.clamp(FASTEST_HEARTBEAT, HEARTBEAT);
        self
    }

    /// Sets how often all configs are read again while the config server pushes.
    ///
    /// Not every change is pushed (`SWAPDB` is not), and a heartbeat shows that the server is
    /// there, not that it pushes. If the server, or a proxy before it, grants pushes and then keeps
    /// them back, this interval and not `wait` bounds the age of a config.
    ///
    /// Each time, every process sends one read for each component that it uses, all in one round
    /// trip. A server that did not grant pushes is asked again as often, over a new connection. The
    /// default is 30 seconds, the minimum 100 milliseconds, the maximum a day.
    pub fn reread_interval(mut self, interval: Duration) -> Self {
        self.intervals.reread = interval.clamp(SHORTEST_REREAD, LONGEST_REREAD);
        self
    }

    /// Sets how long connecting to a server may take, with name resolution, login and probe.
    ///
    /// The default is one second, the minimum one millisecond, the maximum ten minutes. A
    /// component's config can set its own bound (`socket_connect_timeout`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout.clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
        self
    }

    /// Sets how long one command may take.
    ///
    /// The default is half a second, the minimum one millisecond, the maximum ten minutes. A
    /// component's config can set its own bound (`socket_timeout`). The config server never gets
    /// longer than half a second.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout.clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
        self
    }

    /// Sets how long calls may go on, on a server that their component has left, before a warning
    /// reports them. The default is 30 seconds.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain.deadline = deadline;
        self
    }

    /// Sets whether calls that are still in flight at the [drain deadline](Self::drain_deadline) are
    /// cut. The default is `false`. Blocking calls over connections of the pool are not cut, because
    /// each ends within its timeout.
    pub fn cut_at_drain_deadline(mut self, cut: bool) -> Self {
        self.drain.cut = cut;
        self
    }

    /// Sets the age at which connections are replaced, even if they are well. There is no such age
    /// by default. The minimum is one second.
    ///
    /// Firewalls and proxies may drop connections after a while, and a name or a load balancer may
    /// lead elsewhere by now: a component whose config stays the same finds that out only over a
    /// new connection. New connections are opened and probed first, and no call is lost: calls in
    /// flight end where they began. If no new connection can be opened, the old ones stay in use.
    ///
    /// Clients are replaced at 80 to 100 percent of the age, by chance, so that the processes of a
    /// fleet do not connect at once. Connections for a single call are as old as the call, which
    /// also keeps the connection that can end it. A connection that is kept lives as long as it is
    /// kept, but for that of a [`Subscriber`](crate::Subscriber), which subscribes over the next one
    /// before it leaves the last.
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age.max(YOUNGEST_MAX_AGE));
        self
    }

    /// Sets which servers this process may connect to, whatever a config says. See [`Policy`].
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// Lets configs name this provider of logins, as `"password": {"provider": "NAME"}`. See
    /// [`Credentials`].
    pub fn credentials(mut self, name: impl Into<String>, credentials: impl Credentials) -> Self {
        let provider = Provider(Arc::new(credentials));
        self.providers.insert(name.into(), provider);
        self
    }

    /// Sets the file in which configs are kept that have come into force, so that a process can
    /// start while the config server does not answer. There is none by default, unless the
    /// environment variable `REDIS_COMPONENTS_LAST_GOOD` names one.
    ///
    /// A component that has no config yet, and whose config server does not answer within the
    /// [connect timeout](Self::connect_timeout), starts with its config in the file. As soon as the
    /// config server answers, its answer counts. [`status`](crate::status()) says which components run
    /// on the file.
    ///
    /// Processes may share the file. It holds the configs as they are on the config server, with
    /// their passwords. It is written with the mode 0600, and refused if others can read or write
    /// it. A file that is refused, or cannot be written, is reported and does no harm.
    /// `docs/reliability.md` in the repository says exactly what is promised.
    pub fn last_good_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.last_good_file = Some(path.into());
        self
    }

    /// Sets whether this process writes a [receipt](crate::receipts) on its config server: which
    /// config each component runs, and why it is not the newest. The default is `true`.
    ///
    /// The user of the config server needs the rights to write receipts, which
    /// `docs/security.md` in the repository lists. Without them, one event says so, and receipts are
    /// switched off for the process. [`shutdown`](crate::shutdown()) removes the receipt.
    pub fn receipts(mut self, receipts: bool) -> Self {
        self.receipts = receipts;
        self
    }

    /// Sets the name of the application, by which operators know it. The default is the name of the
    /// executable. Characters other than letters, digits, `.`, `_` and `-` are replaced by `_`, and
    /// 64 characters are used.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    pub(crate) fn writes_receipts(&self) -> bool {
        self.receipts
    }

    pub(crate) fn application_name(&self) -> Option<&str> {
        self.application.as_deref()
    }

    pub(crate) fn prefix(&self) -> Option<&str> {
        self.key_prefix.as_deref()
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn pushes(&self) -> bool {
        self.push
    }

    /// Returns the bounds of a component's client, unless its config sets its own.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns the bounds of the connection to the config server.
    pub(crate) fn config_server_timeouts(&self) -> Timeouts {
        Timeouts {
            response: self.timeouts.response.min(CONFIG_SERVER_ANSWERS_WITHIN),
            ..self.timeouts
        }
    }

    pub(crate) fn intervals(&self) -> Intervals {
        self.intervals
    }

    pub(crate) fn drain_policy(&self) -> DrainPolicy {
        self.drain
    }

    /// Returns the age at which connections are replaced.
    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Returns which servers may be connected to.
    pub(crate) fn allowed(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Returns the providers of logins, by name.
    pub(crate) fn providers(&self) -> &Providers {
        &self.providers
    }

    pub(crate) fn last_good(&self) -> Option<&Path> {
        self.last_good_file.as_deref()
    }
}

/// Returns settings that take the config server from the environment or the manifest, with the
/// default timeouts.
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
            max_age: None,
            policy: Arc::default(),
            providers: Providers::new(),
            last_good_file: None,
            receipts: true,
            application: None,
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
            .field("max_age", &self.max_age)
            .field("policy", &self.policy)
            .field("providers", &self.providers.keys())
            .field("last_good_file", &self.last_good_file)
            .field("receipts", &self.receipts)
            .field("application", &self.application)
            .finish()
    }
}
