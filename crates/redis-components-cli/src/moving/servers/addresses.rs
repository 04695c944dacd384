//! The addresses by which the peers of a server know it.
//!
//! A primary lists a replica by what that announces, or else by the address from which it connects. A
//! replica names its primary as it was told to. Neither must be the address of a config.

use std::net::IpAddr;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisResult, Value, from_redis_value};

use crate::moving::servers::host::{is_one_of, names_of, plain};
use crate::moving::servers::replication::Replica;

/// The addresses by which the peers of a server know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// Those that the host of a config has where the command runs.
    of_config: Vec<(String, u16)>,
    /// Those that the server has said. In a network of its own, another one may have the same.
    learned: Vec<(String, u16)>,
}

/// What a server announces to its primary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Nothing if its primary takes the address from which it connects.
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
}

impl Addresses {
    /// Returns the addresses of a server that a config names, and to which there is a connection.
    pub(crate) async fn of(host: &str, port: u16, connection: &MultiplexedConnection) -> Self {
        let hosts = names_of(host).await.into_iter();
        let mut addresses = Self {
            of_config: hosts.map(|host| (host, port)).collect(),
            learned: Vec::new(),
        };
        if let Some(host) = local_host(connection).await {
            addresses.add(host, port);
        }
        addresses
    }

    /// Returns one address.
    #[cfg(test)]
    pub(crate) fn at(host: &str, port: u16) -> Self {
        Self {
            of_config: vec![(plain(host), port)],
            learned: Vec::new(),
        }
    }

    /// Adds what the server announces, and the addresses that it has in its links to peers.
    pub(crate) async fn learn(&mut self, is_tls: bool, connection: &MultiplexedConnection) {
        let mut asking = redis::pipe();
        asking.ignore_errors();
        for name in OPTIONS.into_iter().chain([port_option(is_tls)]) {
            asking.cmd("CONFIG").arg("GET").arg(name);
        }
        for kind in ["master", "replica"] {
            asking.cmd("CLIENT").arg("LIST").arg("TYPE").arg(kind);
        }
        let mut connection = connection.clone();
        let Ok(answers) = asking
            .query_async::<Vec<RedisResult<Value>>>(&mut connection)
            .await
        else {
            return;
        };
        let [ip, at, port, up, down] = answers.as_slice() else {
            return;
        };
        let port = option(port).and_then(|port| port.parse().ok());
        let announced = Announced::of(option(ip), option(at));
        let at = announced.port.or(port);
        if let (Some(host), Some(at)) = (&announced.host, at) {
            self.add(plain(host), at);
        }
        for (host, _) in local_addresses(up) {
            if let Some(at) = at {
                self.add_local(host, at);
            }
        }
        for (host, port) in local_addresses(down) {
            self.add_local(host, port);
        }
    }

    /// Adds an address that the server has itself. By a loopback address each machine means itself, so
    /// it says something only to a command that runs there.
    fn add_local(&mut self, host: String, port: u16) {
        if !is_loopback(&host) || self.all().any(|(known, _)| is_loopback(known)) {
            self.add(host, port);
        }
    }

    fn add(&mut self, host: String, port: u16) {
        let address = (host, port);
        if !self.all().any(|known| *known == address) {
            self.learned.push(address);
        }
    }

    fn all(&self) -> impl Iterator<Item = &(String, u16)> {
        self.of_config.iter().chain(&self.learned)
    }

    /// Returns this server among the replicas that another one lists. An address of the config goes before
    /// one that was learned, and if several replicas have one of these, it is not known which it is.
    pub(crate) async fn among<'a>(&self, replicas: &[&'a Replica]) -> Option<&'a Replica> {
        for known in [&self.of_config, &self.learned] {
            let mut found = Vec::new();
            for replica in replicas {
                if has(known, &replica.host, replica.port).await {
                    found.push(*replica);
                }
            }
            // One that has connected again is listed twice for a while.
            if let [first, others @ ..] = &*found {
                let is_one = others
                    .iter()
                    .all(|other| other.address() == first.address());
                return is_one.then_some(*first);
            }
        }
        None
    }

    /// Returns `true` if a peer means this server by `host` and `port`. The port alone says nothing:
    /// most servers have the same.
    pub(crate) async fn contain(&self, host: &str, port: u16) -> bool {
        has(&self.of_config, host, port).await || has(&self.learned, host, port).await
    }

    /// As [`contain`](Self::contain), and asks for no addresses of a name.
    #[cfg(any(feature = "serve", feature = "top"))]
    pub(crate) fn have(&self, host: &str, port: u16) -> bool {
        hosts_at(self.all(), port).contains(&plain(host))
    }
}

async fn has(known: &[(String, u16)], host: &str, port: u16) -> bool {
    let hosts = hosts_at(known, port);
    !hosts.is_empty() && is_one_of(&hosts, host).await
}

fn hosts_at<'a>(known: impl IntoIterator<Item = &'a (String, u16)>, port: u16) -> Vec<String> {
    let at_port = known.into_iter().filter(|(_, known)| *known == port);
    at_port.map(|(host, _)| host.clone()).collect()
}

/// The options that say what a server announces to its primary.
pub(crate) const OPTIONS: [&str; 2] = ["replica-announce-ip", "replica-announce-port"];

impl Announced {
    /// Reads the values of [`OPTIONS`].
    pub(crate) fn of(host: Option<String>, port: Option<String>) -> Self {
        Self {
            host: host.filter(|host| !host.is_empty()),
            port: port
                .and_then(|port| port.parse().ok())
                .filter(|port| *port != 0),
        }
    }
}

/// Returns `true` if a host is a loopback address of another machine than this one, because a config names
/// its server by another address: nothing here says what answers there.
pub(crate) fn is_far(host: &str, of_config: &str) -> bool {
    is_loopback(host) && !is_loopback(of_config)
}

/// Returns `true` if each machine means itself by a host.
fn is_loopback(host: &str) -> bool {
    match plain(host).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => plain(host) == "localhost",
    }
}

/// Returns the option that says at which port a server expects its replicas.
fn port_option(is_tls: bool) -> &'static str {
    if is_tls { "tls-port" } else { "port" }
}

fn answer<T: FromRedisValue>(answer: &RedisResult<Value>) -> Option<T> {
    from_redis_value(answer.as_ref().ok()?.clone()).ok()
}

fn option(found: &RedisResult<Value>) -> Option<String> {
    answer::<Vec<String>>(found)?.into_iter().nth(1)
}

/// Returns the addresses that a server has in the connections that it lists.
fn local_addresses(list: &RedisResult<Value>) -> Vec<(String, u16)> {
    let list: String = answer(list).unwrap_or_default();
    list.lines().filter_map(local_address).collect()
}

/// Returns the address that a server has in a connection, from its line.
fn local_address(line: &str) -> Option<(String, u16)> {
    let mut fields = line.split(' ');
    let address = fields.find_map(|field| field.strip_prefix("laddr="))?;
    let (host, port) = address.rsplit_once(':')?;
    Some((plain(host), port.parse().ok()?))
}

/// Returns the host at which the server itself has a connection. Behind an address that is translated
/// it is the one that its peers see.
async fn local_host(connection: &MultiplexedConnection) -> Option<String> {
    let mut connection = connection.clone();
    let mut asking = redis::cmd("CLIENT");
    asking.arg("ID");
    let id: u64 = asking.query_async(&mut connection).await.ok()?;
    let mut asking = redis::cmd("CLIENT");
    asking.arg("LIST").arg("ID").arg(id);
    let line: String = asking.query_async(&mut connection).await.ok()?;
    local_address(&line).map(|(host, _)| host)
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{Addresses, Announced, Replica, local_addresses};

    #[tokio::test]
    async fn an_address_is_a_host_with_its_port() {
        let mut addresses = Addresses::at("10.0.0.1", 6379);
        addresses.add("10.9.9.9".to_owned(), 7000);
        for (host, port, is_known) in [
            ("10.0.0.1", 6379, true),
            ("10.9.9.9", 7000, true),
            ("10.0.0.1", 7000, false),
            ("10.9.9.9", 6379, false),
        ] {
            assert_eq!(
                addresses.contain(host, port).await,
                is_known,
                "{host}:{port}"
            );
        }
    }

    #[tokio::test]
    async fn a_replica_at_the_address_of_the_config_goes_before_a_learned_one() {
        let replica = |host: &str| Replica {
            host: host.to_owned(),
            port: 6379,
            is_online: true,
        };
        // Each machine has a network of its own, in which servers have the same addresses.
        let (inner, outer) = (replica("172.17.0.3"), replica("10.0.0.8"));
        let (third, other) = (replica("172.18.0.2"), replica("10.0.0.9"));
        let mut addresses = Addresses::at("10.0.0.8", 6379);
        addresses.add("172.17.0.3".to_owned(), 6379);
        addresses.add("172.18.0.2".to_owned(), 6379);
        for (listed, found) in [
            (vec![&inner, &outer], Some(&outer)),
            (vec![&other, &inner], Some(&inner)),
            (vec![&inner, &inner], Some(&inner)),
            (vec![&inner, &third], None),
            (vec![&other], None),
        ] {
            assert_eq!(addresses.among(&listed).await, found, "{listed:?}");
        }
    }

    #[test]
    fn a_loopback_address_says_nothing_from_afar() {
        let mut afar = Addresses::at("10.0.0.1", 6379);
        afar.add_local("127.0.0.1".to_owned(), 6379);
        assert_eq!(afar.all().count(), 1);
        let mut near = Addresses::at("localhost", 6379);
        near.add_local("::1".to_owned(), 6379);
        assert_eq!(near.all().count(), 2);
    }

    #[test]
    fn a_server_says_its_own_addresses() {
        let list = "id=7 addr=127.0.0.1:40000 laddr=[::1]:6379 name=\nid=8 addr=10.0.0.2:1 laddr=10.0.0.1:6380\n";
        let found = local_addresses(&Ok(Value::BulkString(list.into())));
        let wanted = [("::1".to_owned(), 6379), ("10.0.0.1".to_owned(), 6380)];
        assert_eq!(found, wanted);
        let nothing = Announced::of(Some(String::new()), Some("0".to_owned()));
        assert_eq!(nothing, Announced::default());
    }
}
