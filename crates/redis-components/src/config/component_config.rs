//! A config in memory: where a server is and how to log in to it.

use std::fmt;
use std::time::Duration;

use super::secret::Secret;
use crate::error::text::printable;

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
/// name is refused. So is a config that asks for TLS, a unix socket, sentinels or a cluster, which
/// this version does not have. `docs/config.md` in the repository lists all fields, and the
/// differences from redis-py.
///
/// Two configs are equal if they mean the same: order, white space and defaults that are written
/// out do not count.
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
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) db: u32,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) socket_timeout: Option<Duration>,
    pub(super) socket_connect_timeout: Option<Duration>,
    pub(super) max_connections: Option<usize>,
    pub(super) disabled: bool,
}

impl ComponentConfig {
    /// Returns the config of a server at `host`, port 6379, database 0, without a login.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: DEFAULT_PORT,
            db: 0,
            username: None,
            password: None,
            socket_timeout: None,
            socket_connect_timeout: None,
            max_connections: None,
            disabled: false,
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

    /// Sets the port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
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
        self.username = Some(username.into()).filter(|name| !name.is_empty());
        self
    }

    /// Sets the password to log in with. An empty password sets none.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Secret::unless_empty(password);
        self
    }

    /// Returns the server's `host:port`, for people.
    #[must_use]
    pub fn address(&self) -> String {
        let host = printable(&self.host);
        let port = self.port;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port_number(&self) -> u16 {
        self.port
    }

    pub(crate) fn db_number(&self) -> u32 {
        self.db
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.username.as_deref()
    }

    pub(crate) fn has_password(&self) -> bool {
        self.password.is_some()
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

    /// Returns the user and the password to log in with.
    pub(crate) fn credentials(&self) -> (Option<&str>, Option<&str>) {
        let password = self.password.as_ref().map(Secret::expose);
        (self.username.as_deref(), password)
    }

    /// Returns the settings with which redis-rs logs in.
    pub(crate) fn redis_settings(&self) -> redis::RedisConnectionInfo {
        let mut settings = redis::RedisConnectionInfo::default().set_db(i64::from(self.db));
        if let Some(username) = &self.username {
            // Without a password redis-rs does not log in at all, and the connection keeps the
            // rights of `default`.
            settings = settings.set_username(username).set_password("");
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password.expose());
        }
        settings
    }
}

impl fmt::Debug for ComponentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("db", &self.db)
            .field("username", &self.username)
            .field("password", &self.password)
            .field("socket_timeout", &self.socket_timeout)
            .field("socket_connect_timeout", &self.socket_connect_timeout)
            .field("max_connections", &self.max_connections)
            .field("disabled", &self.disabled)
            .finish()
    }
}
