//! The three servers.

use std::fmt;
use std::io;

use redis_components_testing::Server;

/// The names of the two data servers.
pub(crate) const NAMES: [char; 2] = ['A', 'B'];

/// A config server and two data servers; they stop when this is dropped.
pub(crate) struct Servers {
    config: Server,
    pub(crate) data: [Server; 2],
    /// How many keys the first has from the beginning.
    pub(crate) keys: u64,
}

impl Servers {
    pub(crate) fn start(keys: u64) -> io::Result<Self> {
        // A replica that joins alone need not wait for others.
        let data = || {
            Server::try_start_with(&[
                "--repl-diskless-sync-delay",
                "0",
                "--enable-debug-command",
                "yes",
            ])
        };
        let servers = Self {
            config: Server::try_start_with(&[])?,
            data: [data()?, data()?],
            keys,
        };
        servers.data[0].command(&["DEBUG", "POPULATE", &keys.to_string()]);
        Ok(servers)
    }

    pub(crate) fn config_url(&self) -> String {
        self.config.url()
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.data.each_ref().map(Server::port);
        writeln!(f, "config server  127.0.0.1:{}", self.config.port())?;
        write!(f, "data servers   A 127.0.0.1:{a}, B 127.0.0.1:{b}")
    }
}
