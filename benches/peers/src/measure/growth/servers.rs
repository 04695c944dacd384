//! The servers of these measurements: their own, because they are asked what they did.

use std::collections::BTreeMap;
use std::time::Duration;

use redis_components_testing::Server;

use crate::failure::Failure;
use crate::servers::{Urls, commands};

/// How many components each process uses, when processes are counted.
pub(super) const COMPONENTS: usize = 10;

/// One config server and two data servers.
pub(super) struct Servers {
    config: Server,
    data: [Server; 2],
}

/// What a config server has done since some time.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) commands: BTreeMap<String, u64>,
    /// The time of the processor.
    pub(super) processor: Duration,
}

impl Work {
    /// Returns the work since `before`.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for (name, count) in &mut self.commands {
            *count -= before.commands.get(name).copied().unwrap_or(0);
        }
        self.commands.retain(|_, count| *count > 0);
        self.processor = self.processor.saturating_sub(before.processor);
        self
    }

    pub(super) fn count(&self) -> u64 {
        self.commands.values().sum()
    }
}

impl Servers {
    /// Starts servers, and writes the configs of so many components.
    pub(super) fn start(components: usize) -> Result<Self, Failure> {
        // Each component has a connection, and so has whoever is compared with it.
        let clients = (components + 2_000).to_string();
        let start = || Server::try_start_with(&["--save", "", "--maxclients", &clients]);
        let servers = Self {
            config: start()?,
            data: [start()?, start()?],
        };
        let mut connection = servers.config.client().get_connection()?;
        let mut pipeline = redis::pipe();
        for number in 0..components {
            let key = format!("config:redis:many_{number}");
            pipeline.set(key, servers.data[0].config()).ignore();
        }
        pipeline.exec(&mut connection)?;
        Ok(servers)
    }

    pub(super) fn urls(&self) -> Urls {
        Urls {
            config: self.config.url(),
            data: self.data.each_ref().map(Server::url),
        }
    }

    /// Returns what the config server has done since it was started.
    pub(super) fn work(&self) -> Result<Work, Failure> {
        let commands = commands(&self.config)?.into_iter().collect();
        let used = [
            self.info("cpu", "used_cpu_user")?,
            self.info("cpu", "used_cpu_sys")?,
        ];
        Ok(Work {
            commands,
            processor: Duration::from_secs_f64(used.iter().sum()),
        })
    }

    /// Returns the bytes that the config server uses.
    pub(super) fn memory(&self) -> Result<f64, Failure> {
        self.info("memory", "used_memory")
    }

    fn info(&self, section: &str, field: &str) -> Result<f64, Failure> {
        let text: String = redis::from_redis_value(self.config.command(&["INFO", section]))?;
        let of_field = |line: &str| line.strip_prefix(field)?.strip_prefix(':')?.parse().ok();
        let value = text.lines().find_map(of_field);
        Ok(value.ok_or_else(|| format!("a server without `{field}`"))?)
    }
}
