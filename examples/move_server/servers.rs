//! The three servers.

use std::fmt;
use std::io;

use redis_components_testing::Server;

/// The names of the two data servers.
pub(crate) const NAMES: [char; 2] = ['A', 'B'];

/// A config server and two data servers; they stop when this is dropped.
pub(crate) struct Servers {
    config: Server,
    data: [Server; 2],
}

impl Servers {
    pub(crate) fn start() -> io::Result<Self> {
        let start = || Server::try_start_with(&[]);
        Ok(Self {
            config: start()?,
            data: [start()?, start()?],
        })
    }

    pub(crate) fn config_url(&self) -> String {
        self.config.url()
    }

    /// Moves the component as an operator does.
    pub(crate) fn move_to(&self, target: usize) {
        self.config.command(&[
            "SET",
            app::logs::COMPONENT.key(),
            &self.data[target].config(),
        ]);
    }

    /// Returns how many calls each data server has counted. A call of `log_recent` is one LPUSH.
    pub(crate) fn counted(&self) -> [u64; 2] {
        self.data
            .each_ref()
            .map(|server| server.command_calls("lpush"))
    }

    /// Returns how often the config was read.
    pub(crate) fn config_reads(&self) -> u64 {
        self.config.command_calls("getrange")
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.data.each_ref().map(Server::port);
        writeln!(f, "config server  127.0.0.1:{}", self.config.port())?;
        write!(f, "data servers   A 127.0.0.1:{a}, B 127.0.0.1:{b}")
    }
}
