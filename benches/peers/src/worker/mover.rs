//! The operator, which moves a component.

use std::time::Instant;

use crate::failure::Failure;
use crate::servers::Urls;

/// Writes configs over its own connection.
pub(crate) struct Mover {
    connection: redis::Connection,
    key: &'static str,
    configs: [String; 2],
}

impl Mover {
    /// Returns the operator of the component `moving`.
    pub(crate) fn of_component(urls: &Urls) -> Result<Self, Failure> {
        Self::new(urls, "config:redis:moving", str::to_owned)
    }

    /// Returns the operator of a document for dynamic-config, whose values stand under a name.
    pub(crate) fn of_document(urls: &Urls, key: &'static str, name: &str) -> Result<Self, Failure> {
        Self::new(urls, key, |config| format!(r#"{{"{name}": {config}}}"#))
    }

    fn new(
        urls: &Urls,
        key: &'static str,
        document: impl Fn(&str) -> String,
    ) -> Result<Self, Failure> {
        let client = redis::Client::open(urls.config.as_str())?;
        let config = |url: &str| -> Result<String, Failure> {
            let (_, port) = url.rsplit_once(':').ok_or("a URL without a port")?;
            Ok(document(&format!(
                r#"{{"host": "127.0.0.1", "port": {port}}}"#
            )))
        };
        Ok(Self {
            connection: client.get_connection()?,
            key,
            configs: [config(&urls.data[0])?, config(&urls.data[1])?],
        })
    }

    /// Moves to a server. Returns the time at which the SET returned.
    pub(crate) fn move_to(&mut self, server: usize) -> Result<Instant, Failure> {
        let set = redis::cmd("SET")
            .arg(self.key)
            .arg(&self.configs[server])
            .exec(&mut self.connection);
        let returned = Instant::now();
        set?;
        Ok(returned)
    }
}
