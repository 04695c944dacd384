//! Sentinels with their servers as tests see them.

use std::io;
use std::time::{Duration, Instant};

use crate::proxy::Proxy;
use crate::server::Server;
use crate::wait;

/// After this long without a new primary, the sentinel has given up a fail-over.
const GIVES_UP_WITHIN: Duration = Duration::from_secs(10);

/// The name that the sentinels know their primary by.
pub(super) const SERVICE: &str = "main";

/// A primary and its replicas, watched by sentinels, for one test or program; all are killed when
/// this is dropped.
///
/// Servers and sentinels are [`Server`]s: [`Server::stop`] is a crash, [`Server::freeze`] makes one
/// silent. Servers have indices, which do not change; at the start, server 0 is the primary.
/// The sentinels fail over if they are [asked to](Sentinels::failover), or if the primary is silent
/// for [long enough](crate::SentinelsBuilder::down_after).
///
/// ```
/// use std::time::Duration;
///
/// use redis_components_testing::Sentinels;
///
/// let sentinels = Sentinels::builder().down_after(Duration::from_secs(1)).start();
/// assert_eq!(sentinels.primary(), 0);
/// sentinels.server(0).stop();
/// assert_ne!(sentinels.primary(), 0);
/// ```
#[derive(Debug)]
pub struct Sentinels {
    servers: Vec<Server>,
    sentinels: Vec<Server>,
    proxies: Vec<Proxy>,
}

impl Sentinels {
    /// Waits until sentinels that have just been told of their primary know each other.
    pub(super) fn of(
        servers: Vec<Server>,
        sentinels: Vec<Server>,
        proxies: Vec<Proxy>,
    ) -> io::Result<Self> {
        let sentinels = Self {
            servers,
            sentinels,
            proxies,
        };
        sentinels.get_ready()?;
        Ok(sentinels)
    }

    /// Returns the name that the sentinels know their primary by.
    #[must_use]
    pub fn service_name(&self) -> &'static str {
        SERVICE
    }

    /// Returns the servers with the data.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Returns a server with the data.
    ///
    /// # Panics
    ///
    /// Panics if there is no such server.
    #[must_use]
    pub fn server(&self, index: usize) -> &Server {
        &self.servers[index]
    }

    /// Returns the sentinels.
    #[must_use]
    pub fn sentinels(&self) -> &[Server] {
        &self.sentinels
    }

    /// Returns a sentinel.
    ///
    /// # Panics
    ///
    /// Panics if there is no such sentinel.
    #[must_use]
    pub fn sentinel(&self, index: usize) -> &Server {
        &self.sentinels[index]
    }

    /// Returns the proxy before a sentinel. It can cut the sentinel off, or keep its events back:
    /// `proxy(0).mute("+switch-master")`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such sentinel, or none was asked to be
    /// [behind a proxy](crate::SentinelsBuilder::behind_proxies).
    #[must_use]
    pub fn proxy(&self, sentinel: usize) -> &Proxy {
        &self.proxies[sentinel]
    }

    /// Returns the set as a component config,
    /// `{"sentinels":["127.0.0.1:<port>",…],"service_name":"main"}`, without passwords. If servers
    /// and sentinels speak TLS, the config says so for both as that of a [`Server`] does.
    #[must_use]
    pub fn config(&self) -> String {
        let ports: Vec<u16> = if self.proxies.is_empty() {
            self.sentinels.iter().map(Server::port).collect()
        } else {
            self.proxies.iter().map(Proxy::port).collect()
        };
        let addresses: Vec<_> = ports
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let mut config = serde_json::json!({"sentinels": addresses, "service_name": SERVICE});
        for (server, prefix) in [(&self.servers, ""), (&self.sentinels, "sentinel_")] {
            if let Some(server) = server.first() {
                server.describe_tls(&mut config, prefix);
            }
        }
        config.to_string()
    }

    /// Returns the running server that all running sentinels name, and that is a primary. If there
    /// is none, because it was killed or frozen, waits until a replica has taken over.
    ///
    /// # Panics
    ///
    /// Panics if there is none within 30 seconds.
    #[must_use]
    pub fn primary(&self) -> usize {
        wait::until("primary", || self.find_primary())
            .unwrap_or_else(|error| panic!("the sentinels have no primary: {error}"))
    }

    /// Returns the primary as [`primary`](Self::primary) does, or `None` if there is none now or
    /// the sentinels do not name the same.
    #[must_use]
    pub fn current_primary(&self) -> Option<usize> {
        self.find_primary().ok()
    }

    /// Asks the sentinels to fail over (`SENTINEL FAILOVER`), and returns the new primary as soon
    /// as all running sentinels name it. The old one becomes a replica about ten seconds later.
    ///
    /// # Panics
    ///
    /// Panics if no replica takes over within 30 seconds.
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn failover(&self) -> usize {
        let old = self.primary();
        self.begin_failover();
        let mut asked = Instant::now();
        wait::until("new primary", || {
            let primary = self.find_primary()?;
            if primary != old {
                return Ok(primary);
            }
            // A sentinel gives up if the replica answers too late, as on a busy machine.
            if asked.elapsed() >= GIVES_UP_WITHIN {
                self.begin_failover();
                asked = Instant::now();
            }
            Err(format!("server {old} is still the primary"))
        })
        .unwrap_or_else(|error| panic!("the sentinels do not fail over: {error}"))
    }

    /// Asks the sentinels to fail over as [`failover`](Self::failover) does, and does not wait for
    /// the new primary.
    ///
    /// # Panics
    ///
    /// Panics if no sentinel begins within 30 seconds.
    pub fn begin_failover(&self) {
        wait::until("fail-over", || {
            let sentinel = self.watching().next().ok_or("no sentinel is running")?;
            // It is refused as long as an earlier one is not over.
            let begun = sentinel.ask::<()>(&["SENTINEL", "FAILOVER", SERVICE]);
            begun.map_err(|error| error.to_string())
        })
        .unwrap_or_else(|error| panic!("the sentinels do not fail over: {error}"));
    }

    /// Waits until all running sentinels see each other, all servers and the same primary, and all
    /// other running servers are its replicas and linked to it.
    ///
    /// # Panics
    ///
    /// Panics if that is not so within 30 seconds.
    pub fn wait_until_ready(&self) {
        self.get_ready()
            .unwrap_or_else(|error| panic!("the sentinels are not ready: {error}"));
    }

    fn get_ready(&self) -> io::Result<()> {
        wait::until("agreement of the sentinels", || {
            let primary = self.find_primary()?;
            for sentinel in self.watching() {
                self.knows_all(sentinel)?;
            }
            let port = self.servers[primary].port();
            let running = self.servers.iter().enumerate();
            let mut replicas =
                running.filter(|(index, server)| *index != primary && server.is_running());
            replicas.try_for_each(|(_, replica)| follows(replica, port))
        })
    }

    fn find_primary(&self) -> Result<usize, String> {
        let mut named = Vec::new();
        for sentinel in self.watching() {
            let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE];
            let address: io::Result<(String, u16)> = sentinel.ask(&command);
            named.push(address.map_err(|error| error.to_string())?.1);
        }
        let port = named.first().ok_or("no sentinel is running")?;
        if named.iter().any(|other| other != port) {
            return Err(format!("the sentinels name different ports: {named:?}"));
        }
        let mut servers = self.servers.iter();
        let index = servers.position(|server| server.port() == *port && server.is_running());
        let index = index.ok_or_else(|| format!("port {port} is that of no running server"))?;
        let role = self.servers[index].ask::<redis::Value>(&["ROLE"]);
        let role = format!("{:?}", role.map_err(|error| error.to_string())?);
        if role.contains("master") {
            Ok(index)
        } else {
            Err(format!("server {index} is not a primary yet: {role}"))
        }
    }

    /// Checks what a sentinel says of the primary, the replicas and the other sentinels.
    fn knows_all(&self, sentinel: &Server) -> Result<(), String> {
        let says: io::Result<std::collections::HashMap<String, String>> =
            sentinel.ask(&["SENTINEL", "MASTER", SERVICE]);
        let says = says.map_err(|error| error.to_string())?;
        let expected = [
            ("flags", "master".to_owned()),
            ("num-slaves", (self.servers.len() - 1).to_string()),
            (
                "num-other-sentinels",
                (self.sentinels.len() - 1).to_string(),
            ),
        ];
        for (field, expected) in expected {
            let found = says.get(field);
            if found != Some(&expected) {
                let url = sentinel.url();
                return Err(format!("{url} says {field} {found:?}, not {expected}"));
            }
        }
        Ok(())
    }

    fn watching(&self) -> impl Iterator<Item = &Server> {
        self.sentinels
            .iter()
            .filter(|sentinel| sentinel.is_running())
    }
}

/// Checks that a server is a replica of the one with this port, and linked to it.
fn follows(replica: &Server, port: u16) -> Result<(), String> {
    let info: io::Result<String> = replica.ask(&["INFO", "replication"]);
    let info = info.map_err(|error| error.to_string())?;
    let is_of = info.contains(&format!("master_port:{port}\r\n"));
    if is_of && info.contains("master_link_status:up") {
        return Ok(());
    }
    Err(format!(
        "{} is not linked to port {port}: {info}",
        replica.url()
    ))
}
