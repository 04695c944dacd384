//! Where a component's server is and how to log in to it.

mod fields;
mod json;
mod secret;
mod url;

use std::fmt;
use std::time::Duration;

pub(crate) use self::secret::Secret;
use crate::error::{Error, ErrorKind};

/// The port where none is given.
const DEFAULT_PORT: u16 = 6379;

/// A component's config: the JSON value under its key on the config server.
///
/// The fields are the keyword arguments of redis-py's `redis.Redis(**config)`, so that Python services can share them:
///
/// | field | meaning | default |
/// |---|---|---|
/// | `host` | the server's name or address | required |
/// | `port` | 1 to 65535 | 6379 |
/// | `db` | the database's number | 0 |
/// | `username`, `password` | credentials | none |
/// | `socket_timeout` | seconds a command may take, fractions allowed | 0.5, see [`Settings::response_timeout`](crate::Settings::response_timeout) |
/// | `socket_connect_timeout` | seconds connecting may take | 1, see [`Settings::connect_timeout`](crate::Settings::connect_timeout) |
/// | `max_connections` | bound of the pool that blocking functions share | 32 |
/// | `url` | `redis://user:password@host:port/db` instead of the first five | |
/// | `disabled` | `true` switches the component off; then nothing else is required | `false` |
///
/// `null` means absent. Accepted and without effect are redis-py's `decode_responses`, `encoding`, `encoding_errors`,
/// `charset`, `errors`, `retry_on_timeout`, `retry_on_error`, `single_connection_client`, `socket_keepalive`,
/// `socket_keepalive_options`, `socket_type`, `client_name`, `protocol`, `health_check_interval`, `lib_name`,
/// `lib_version` and `socket_read_size`, as well as `version`, `comment` and every name that begins with `x-`.
/// `ssl…`, `unix_socket_path`, `sentinels`, `service_name` and `cluster` are refused by this version.
/// Any other name rejects the config.
///
/// Two configs are equal when they mean the same: order, white space and spelled-out defaults do not count.
///
/// ```
/// use redis_components::ComponentConfig;
///
/// let config = ComponentConfig::from_json(r#"{"host": "10.0.0.7", "port": 6379, "db": null}"#)?;
/// assert_eq!(config, ComponentConfig::new("10.0.0.7"));
/// # Ok::<(), redis_components::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ComponentConfig {
    host: String,
    port: u16,
    db: u32,
    username: Option<String>,
    password: Option<Secret>,
    socket_timeout: Option<Duration>,
    socket_connect_timeout: Option<Duration>,
    max_connections: Option<usize>,
    disabled: bool,
}

impl ComponentConfig {
    /// A server at `host`, port 6379, database 0, without credentials.
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

    /// The component is switched off on purpose: its calls get [`ErrorKind::Disabled`] at once.
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

    /// Sets the user to log in as.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Sets the password to log in with.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    /// Reads a config from the JSON text that stands on the config server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ConfigInvalid`] where the text is not JSON or not a config; the text of the error names the field and
    /// never shows a value.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        json::parse(text)
    }

    /// The JSON text to put on the config server. **It contains the password.**
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Reads a config from `redis://user:password@host:port/db`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ConfigInvalid`] where the text is no such URL; the error never shows it.
    pub fn from_url(text: &str) -> Result<Self, Error> {
        url::parse(text).map_err(invalid)
    }

    /// Names the config, without its password, the same in every process.
    pub(crate) fn digest(&self) -> String {
        let shown = Self {
            password: None,
            ..self.clone()
        };
        // Not of the JSON, whose order depends on features of serde_json that other crates switch on.
        let text = format!("{shown:?}");
        // FNV-1a, 64 bits: to tell configs apart, not to hide them.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("{hash:016x}")
    }

    /// `host:port`, for people.
    pub(crate) fn address(&self) -> String {
        let host = crate::error::text::printable(&self.host);
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

    /// What redis-rs needs to log in.
    pub(crate) fn redis_settings(&self) -> redis::RedisConnectionInfo {
        let mut settings = redis::RedisConnectionInfo::default().set_db(i64::from(self.db));
        if let Some(username) = &self.username {
            settings = settings.set_username(username);
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

/// A config that is refused, for the reason `message`.
fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message)
}

#[cfg(test)]
mod tests {
    use super::ComponentConfig;

    #[test]
    fn ipv6_addresses_are_understood_and_shown_in_brackets() {
        let from_url = ComponentConfig::from_url("redis://[::1]:6380/2").unwrap();
        let from_json = ComponentConfig::from_json(r#"{"host":"::1","port":6380,"db":2}"#).unwrap();
        assert_eq!(from_url, from_json);
        assert_eq!(from_url.address(), "[::1]:6380");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let config = ComponentConfig::new("h")
            .port(1)
            .db(3)
            .username("u")
            .password("p");
        assert_eq!(
            ComponentConfig::from_json(&config.to_json()).unwrap(),
            config
        );
        let off = ComponentConfig::disabled();
        assert_eq!(ComponentConfig::from_json(&off.to_json()).unwrap(), off);
    }

    #[test]
    fn only_the_password_is_left_out_of_the_digest() {
        let config = ComponentConfig::new("h");
        assert_eq!(config.digest(), config.clone().password("p").digest());
        assert_ne!(config.digest(), config.clone().db(1).digest());
        assert_eq!(config.digest().len(), 16);
    }
}
