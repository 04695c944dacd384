//! A config in memory: where a server is and how to log in to it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::contents::Contents;
use super::endpoint::{Address, Endpoint, Primary, Sentinels};
use super::login::Login;
use super::path::WrittenPath;
use super::reference::Written;
use super::secret::Secret;
use super::tls::TlsOptions;
use super::written_login::WrittenLogin;

/// The port of a config that names none.
pub(super) const DEFAULT_PORT: u16 = 6379;

/// A component's config: the JSON value under its key on the config server.
///
/// The fields are the keyword arguments of redis-py's `redis.Redis(**config)`, so that Python
/// services can share them:
///
#[doc = include_str!("fields.md")]
///
/// `null` means that a field is absent. Every other option of redis-py up to version 8 is accepted
/// and ignored, as are `comment`, `version` and names that begin with `x-`. A config with any other
/// name is refused. With `ssl` there are more fields, see [`TlsOptions`]. `docs/config.md` in the
/// repository lists all fields, and the differences from redis-py.
///
/// Two configs are equal if they mean the same: order, white space and defaults that are written
/// out do not count. The exception is `max_connections`: a number that is written is never equal to
/// none.
///
/// ```
/// use redis_components::ComponentConfig;
///
/// let config = ComponentConfig::from_json(r#"{"host": "10.0.0.7", "port": "6379", "db": null}"#)?;
/// assert_eq!(config, ComponentConfig::new("10.0.0.7"));
/// # Ok::<(), redis_components::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ComponentConfig {
    pub(super) endpoint: Endpoint,
    pub(super) db: u32,
    pub(super) login: WrittenLogin,
    /// TLS towards the server, or the nodes of a cluster.
    pub(super) tls: Option<TlsOptions>,
    pub(super) socket_timeout: Option<Duration>,
    pub(super) socket_connect_timeout: Option<Duration>,
    pub(super) max_connections: Option<usize>,
    pub(super) client_name: Option<String>,
    pub(super) disabled: bool,
    /// What stands elsewhere now. It belongs to the meaning, so that a rotated secret is another
    /// config, and is never written.
    pub(super) contents: Option<Arc<Contents>>,
}

impl ComponentConfig {
    /// Returns the config of a server at `host`, port 6379, database 0, without a login.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self::of(Endpoint::Server(Address::Tcp {
            host: host.into(),
            port: DEFAULT_PORT,
        }))
    }

    /// Returns the config of a server on this machine that listens on the unix socket at `path`,
    /// which is absolute: database 0, without a login.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::of(Endpoint::Server(Address::Unix(WrittenPath::from(
            path.into(),
        ))))
    }

    pub(super) fn of(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            db: 0,
            login: WrittenLogin::default(),
            tls: None,
            socket_timeout: None,
            socket_connect_timeout: None,
            max_connections: None,
            client_name: None,
            disabled: false,
            contents: None,
        }
    }

    /// Returns the config of a component that is switched off on purpose: its calls get
    /// [`ErrorKind::Disabled`](crate::ErrorKind::Disabled) at once.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            disabled: true,
            ..Self::new("")
        }
    }

    /// Sets the port. It has no meaning for a config without a host.
    #[must_use]
    pub fn port(mut self, number: u16) -> Self {
        if let Endpoint::Server(Address::Tcp { port, .. }) = &mut self.endpoint {
            *port = number;
        }
        self
    }

    /// Sets the number of the database.
    #[must_use]
    pub fn db(mut self, db: u32) -> Self {
        self.db = db;
        self
    }

    /// Sets the user to log in as, with an empty password if no other is set. An empty name sets
    /// none.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        let username = Some(username.into()).filter(|name| !name.is_empty());
        self.login.username = username.map(Written::Here);
        self
    }

    /// Sets the password to log in with. An empty password sets none.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.login.password = Secret::unless_empty(password).map(Written::Here);
        self
    }

    /// Reaches the server over TLS, with these options.
    #[must_use]
    pub fn tls(mut self, options: TlsOptions) -> Self {
        self.tls = Some(options);
        self
    }

    /// Sets the name of the connections, as `CLIENT LIST` shows it. A server that refuses the name
    /// is used all the same. An empty name sets none.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into()).filter(|name| !name.is_empty());
        self
    }

    /// Returns the config of one sentinel, which has a login and TLS of its own.
    pub(crate) fn of_sentinel(sentinels: &Sentinels, address: Address) -> Self {
        let mut config = Self::of(Endpoint::Server(address));
        config.login = sentinels.login.clone();
        config.tls = sentinels.tls.clone();
        config
    }

    /// Returns the sentinels that the config names, if it names any.
    pub(crate) fn sentinels(&self) -> Option<&Sentinels> {
        match &self.endpoint {
            Endpoint::Sentinels(sentinels) => Some(sentinels),
            _ => None,
        }
    }

    /// Returns the config with what its sentinels say now, if it names any.
    pub(crate) fn with_primary(mut self, primary: Option<Primary>) -> Self {
        if let Endpoint::Sentinels(sentinels) = &mut self.endpoint {
            sentinels.primary = primary;
        }
        self
    }

    /// Returns the config with what stands elsewhere, if that is known.
    pub(crate) fn with_contents(mut self, contents: Option<Arc<Contents>>) -> Self {
        self.contents = contents;
        self
    }

    /// Returns `true` if what stands elsewhere is known.
    pub(crate) fn is_read(&self) -> bool {
        self.contents.is_some() || self.needs().is_empty()
    }

    /// Returns `true` if it is known where the server is. The sentinels of a config say that later.
    pub(crate) fn is_located(&self) -> bool {
        self.sentinels()
            .is_none_or(|sentinels| sentinels.primary.is_some())
    }

    /// Returns the config without what is not written in it.
    fn as_written(&self) -> Self {
        self.clone().with_primary(None).with_contents(None)
    }

    /// Returns `true` if the two configs are written alike, and differ in the primary that their
    /// sentinels name.
    pub(crate) fn differs_in_primary(&self, other: &Self) -> bool {
        let primary = |config: &Self| {
            config
                .sentinels()
                .map(|sentinels| sentinels.primary.clone())
        };
        primary(self) != primary(other) && self.as_written() == other.as_written()
    }

    /// Returns `true` if the two configs are of the same server, and differ only in what stands
    /// elsewhere.
    pub(crate) fn differs_in_contents(&self, other: &Self) -> bool {
        let without = |config: &Self| config.clone().with_contents(None);
        self != other && without(self) == without(other)
    }

    /// Returns `true` if a server of this config has the data of one of the `other` config: both
    /// are primaries of one service.
    pub(crate) fn carries_on(&self, other: &Self) -> bool {
        self.sentinels().is_some() && self.as_written() == other.as_written()
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the server's `host:port`, or what stands for it, for people.
    #[must_use]
    pub fn address(&self) -> String {
        self.endpoint.to_string()
    }

    pub(crate) fn db_number(&self) -> u32 {
        self.db
    }

    /// Returns the login as it is written.
    pub(crate) fn written_login(&self) -> &WrittenLogin {
        &self.login
    }

    /// Returns the login itself. `None` if a part of it stands elsewhere, and has not been read.
    pub(crate) fn login(&self) -> Option<Login> {
        match &self.contents {
            Some(contents) => self.login.with(contents),
            None => self.login.with(&Contents::default()),
        }
    }

    /// Returns what stands elsewhere, if it is known.
    pub(crate) fn contents(&self) -> Option<&Arc<Contents>> {
        self.contents.as_ref()
    }

    pub(crate) fn tls_options(&self) -> Option<&TlsOptions> {
        self.tls.as_ref()
    }

    /// Returns the name by which the server is to know the connections.
    pub(crate) fn name_of_client(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// Returns the config with this name of its connections, unless it has one.
    pub(crate) fn or_client_name(&self, name: &str) -> Self {
        let mut named = self.clone();
        named.client_name.get_or_insert_with(|| name.to_owned());
        named
    }

    pub(crate) fn is_disabled(&self) -> bool {
        self.disabled
    }

    pub(crate) fn socket_timeout(&self) -> Option<Duration> {
        self.socket_timeout
    }

    pub(crate) fn socket_connect_timeout(&self) -> Option<Duration> {
        self.socket_connect_timeout
    }

    pub(crate) fn max_connections(&self) -> Option<usize> {
        self.max_connections
    }
}

/// Shows `tls` and `client_name` only if they are set.
impl fmt::Debug for ComponentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ComponentConfig");
        match &self.endpoint {
            Endpoint::Server(Address::Tcp { host, port }) => {
                shown.field("host", host).field("port", port);
            }
            endpoint => {
                shown.field("endpoint", endpoint);
            }
        }
        shown
            .field("db", &self.db)
            .field("username", &self.login.username)
            .field("password", &self.login.password)
            .field("socket_timeout", &self.socket_timeout)
            .field("socket_connect_timeout", &self.socket_connect_timeout)
            .field("max_connections", &self.max_connections)
            .field("disabled", &self.disabled);
        if let Some(tls) = &self.tls {
            shown.field("tls", tls);
        }
        if let Some(name) = &self.client_name {
            shown.field("client_name", name);
        }
        shown.finish()
    }
}
