//! Redis servers for a quick look.

use std::{fmt, io};

use redis_components_testing::Server;

/// A config server and two data servers; they stop when this is dropped.
pub(crate) struct Servers {
    config: Server,
    data: [Server; 2],
}

impl Servers {
    /// Starts the servers, unless the environment names a config server.
    pub(crate) fn unless_named() -> io::Result<Option<Self>> {
        if std::env::var_os("REDIS_CONFIG_URL").is_some() {
            return Ok(None);
        }
        let start = || Server::try_start_with(&[]);
        let servers = Self {
            config: start()?,
            data: [start()?, start()?],
        };
        let components = [
            &app::articles::COMPONENT,
            &app::logs::COMPONENT,
            &app::statistics::COMPONENT,
        ];
        for component in components {
            let config = servers.data[0].config();
            servers.config.command(&["SET", component.key(), &config]);
        }
        Ok(Some(servers))
    }

    pub(crate) fn config_url(&self) -> String {
        self.config.url()
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.data;
        writeln!(f, "all components are on {}; to move one:", a.url())?;
        writeln!(
            f,
            "  redis-cli -p {} SET {} '{}'",
            self.config.port(),
            app::articles::COMPONENT.key(),
            b.config()
        )?;
        let url = self.config_url();
        writeln!(f, "to watch the fleet in a browser:")?;
        writeln!(f, "  REDIS_CONFIG_URL={url} redis-components serve")
    }
}
