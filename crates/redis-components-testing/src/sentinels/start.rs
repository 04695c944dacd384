//! The ways to start sentinels and their servers.

use std::io;

use super::options::{Login, SentinelsBuilder};
use super::sentinels::{SERVICE, Sentinels};
use crate::builder::ServerBuilder;
use crate::proxy::Proxy;
use crate::server::Server;
use crate::together;
use crate::wait;

/// How long the sentinels try to fail over before they begin again, in milliseconds.
const FAILOVER_TIMEOUT: &str = "2000";

impl Sentinels {
    /// Starts a primary, two replicas and three sentinels, two of which must agree, and waits until
    /// all know each other.
    ///
    /// # Panics
    ///
    /// Panics if there is no redis-server to start, or they are not ready within 30 seconds.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Returns options for sentinels and their servers.
    pub fn builder() -> SentinelsBuilder {
        SentinelsBuilder::new()
    }
}

impl SentinelsBuilder {
    /// Starts the servers and the sentinels, see [`Sentinels::start`].
    ///
    /// # Panics
    ///
    /// Panics as [`Sentinels::start`] does.
    #[must_use]
    pub fn start(self) -> Sentinels {
        self.try_start()
            .unwrap_or_else(|error| panic!("no sentinels for this test: {error}"))
    }

    /// Starts the servers and the sentinels, for programs that are not tests.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no redis-server to start, or they are not ready within 30
    /// seconds.
    pub fn try_start(self) -> io::Result<Sentinels> {
        let data = self.servers();
        let count = data.len();
        let builders: Vec<ServerBuilder> = data.into_iter().chain(self.watchers()).collect();
        let mut servers = together::start(builders)?;
        let sentinels = servers.split_off(count);
        self.replicate(&servers)?;
        let proxies: Vec<Proxy> = if self.has_proxies {
            sentinels.iter().map(Proxy::to).collect()
        } else {
            Vec::new()
        };
        for (at, sentinel) in sentinels.iter().enumerate() {
            add_users(sentinel, &self.watch)?;
            if let Some(proxy) = proxies.get(at) {
                configure(sentinel, "announce-port", &proxy.port().to_string())?;
            }
            self.monitor(sentinel, &servers[0])?;
        }
        Sentinels::of(servers, sentinels, proxies)
    }

    /// Makes replicas of all servers but the first, and waits until they are linked: a sentinel
    /// that finds them earlier looks again after ten seconds only.
    fn replicate(&self, servers: &[Server]) -> io::Result<()> {
        for server in servers {
            add_users(server, &self.data)?;
        }
        let port = servers[0].port().to_string();
        for replica in &servers[1..] {
            replica.ask::<()>(&["REPLICAOF", "127.0.0.1", &port])?;
        }
        for replica in &servers[1..] {
            wait::until("link of a replica", || {
                let info: io::Result<String> = replica.ask(&["INFO", "replication"]);
                let info = info.map_err(|error| error.to_string())?;
                let is_up = info.contains("master_link_status:up");
                is_up.then_some(()).ok_or(info)
            })?;
        }
        Ok(())
    }

    fn monitor(&self, sentinel: &Server, primary: &Server) -> io::Result<()> {
        if let Some(password) = &self.watch.password {
            configure(sentinel, "sentinel-pass", password)?;
        }
        let (port, quorum) = (primary.port().to_string(), self.quorum.to_string());
        let set = |name: &str, value: &str| {
            sentinel.ask::<()>(&["SENTINEL", "SET", SERVICE, name, value])
        };
        sentinel.ask::<()>(&["SENTINEL", "MONITOR", SERVICE, "127.0.0.1", &port, &quorum])?;
        if let Some(password) = &self.data.password {
            set("auth-pass", password)?;
        }
        let down_after = self.down_after.as_millis().to_string();
        set("down-after-milliseconds", &down_after)?;
        set("failover-timeout", FAILOVER_TIMEOUT)
    }
}

fn configure(sentinel: &Server, name: &str, value: &str) -> io::Result<()> {
    sentinel.ask(&["SENTINEL", "CONFIG", "SET", name, value])
}

fn add_users(server: &Server, login: &Login) -> io::Result<()> {
    for user in &login.users {
        let words = user.iter().map(String::as_str);
        let command: Vec<&str> = ["ACL", "SETUSER"].into_iter().chain(words).collect();
        server.ask::<()>(&command)?;
    }
    Ok(())
}
