//! The meaning of a component's config.
//!
//! `table` lists every field. JSON text becomes a `ComponentConfig` through `json` and `fields`, a
//! URL through `url`.

mod checksum;
mod component_config;
mod config_servers;
pub(crate) mod contents;
mod digest;
pub(crate) mod endpoint;
mod field;
mod fields;
mod fields_cluster;
mod fields_login;
mod fields_tls;
#[cfg(test)]
pub(crate) mod generated;
mod given;
pub(crate) mod host;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) mod host_guard;
pub(crate) mod json;
pub(crate) mod login;
pub(crate) mod needs;
mod number;
#[cfg(test)]
mod page;
mod path;
pub(crate) mod reference;
pub(crate) mod secret;
pub(crate) mod sentinels;
mod servers;
mod table;
mod table_sentinels;
mod table_tls;
pub(crate) mod tls;
mod url;
pub(crate) mod written_login;

pub use self::component_config::ComponentConfig;
pub use self::tls::{TlsOptions, TlsVersion};
use crate::error::{Error, ErrorKind};

impl ComponentConfig {
    /// Reads a config from the JSON text on the config server.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::ConfigInvalid`] if the text is not JSON or not a config. The error
    /// names the field and never shows a value.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        json::parse(text).map_err(invalid)
    }

    /// Returns the JSON text to put on the config server. **It contains the password.**
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Reads a config from `redis://user:password@host:port/db`, from `rediss://…` for TLS, or from
    /// `redis+unix:///path?db=2` for a unix socket.
    ///
    /// The characters `#`, `?` and `/` are percent-encoded in a user name or password.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::ConfigInvalid`] if the text is not such a URL. The error never shows
    /// any of it.
    pub fn from_url(text: &str) -> Result<Self, Error> {
        url::parse(text).map_err(invalid)
    }

    /// Reads the config servers that a text names, as [`Settings::new`](crate::Settings::new),
    /// `REDIS_CONFIG_URL` and the manifest take it: a URL, several URLs with commas between, or
    /// JSON: one config, or an array of configs and URLs.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::ConfigInvalid`] if one of them cannot be a config server. The error
    /// never shows any of the text.
    pub fn config_servers(text: &str) -> Result<Vec<Self>, Error> {
        config_servers::parse(text).map_err(invalid)
    }
}

fn invalid(message: String) -> Error {
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
}
