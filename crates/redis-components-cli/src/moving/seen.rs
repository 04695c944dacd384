//! What a data server says of itself.

use std::collections::HashMap;

use serde::Serialize;

/// What a data server says of itself, as far as a move needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) role: Role,
    pub(crate) failover: Failover,
    /// How far it has written the replication stream.
    pub(crate) offset: u64,
    /// Names the stream that it writes or follows.
    pub(crate) stream: String,
    /// The stream that it has followed before it took over, and the first offset that it has not of it.
    pub(crate) stream_before: (String, u64),
    pub(crate) replicas: Vec<Replica>,
    pub(crate) keys: u64,
    /// How many functions of libraries it has, if it knows functions.
    pub(crate) functions: u64,
    pub(crate) version: Vec<u64>,
    pub(crate) is_cluster: bool,
    pub(crate) used_memory: u64,
    /// 0 if there is no limit.
    pub(crate) max_memory: u64,
    pub(crate) modules: Vec<String>,
    pub(crate) has_config_file: bool,
    /// Names the process, from its start to its end.
    pub(crate) run_id: String,
}

/// What a server is in its replication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Primary,
    Replica {
        host: String,
        port: u16,
        is_in_step: bool,
    },
}

/// How far a server has come with the command FAILOVER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failover {
    None,
    WaitingForSync,
    InProgress,
}

/// A replica, as its primary sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_online: bool,
}

/// A server, for people and scripts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    server: String,
    role: Option<&'static str>,
    offset: Option<u64>,
    keys: Option<u64>,
}

impl Seen {
    /// Reads the answer to `INFO everything`.
    pub(crate) fn parse(info: &str) -> Self {
        let mut fields = HashMap::new();
        let (mut keys, mut replicas, mut modules) = (0, Vec::new(), Vec::new());
        for line in info.lines() {
            let Some((name, value)) = line.trim_end().split_once(':') else {
                continue;
            };
            let part = |wanted: &str| {
                let mut parts = value.split(',').filter_map(|part| part.split_once('='));
                parts.find_map(|(name, value)| (name == wanted).then(|| value.to_owned()))
            };
            let is_numbered = |prefix: &str| {
                let rest = name.strip_prefix(prefix);
                rest.is_some_and(|rest| rest.parse::<u32>().is_ok())
            };
            if is_numbered("db") {
                keys += part("keys").and_then(|keys| keys.parse().ok()).unwrap_or(0);
            } else if is_numbered("slave") {
                replicas.push(Replica {
                    host: part("ip").unwrap_or_default(),
                    port: part("port").and_then(|port| port.parse().ok()).unwrap_or(0),
                    is_online: part("state").as_deref() == Some("online"),
                });
            } else if name == "module" {
                modules.extend(part("name"));
            }
            fields.insert(name, value);
        }
        let text = |name: &str| fields.get(name).copied().unwrap_or_default();
        let number = |name: &str| text(name).parse().unwrap_or(0);
        let role = if text("role") == "slave" {
            Role::Replica {
                host: text("master_host").to_owned(),
                port: text("master_port").parse().unwrap_or(0),
                is_in_step: text("master_link_status") == "up"
                    && text("master_sync_in_progress") == "0",
            }
        } else {
            Role::Primary
        };
        let offset = match role {
            Role::Primary => number("master_repl_offset"),
            Role::Replica { .. } => number("slave_repl_offset"),
        };
        Self {
            role,
            failover: match text("master_failover_state") {
                "waiting-for-sync" => Failover::WaitingForSync,
                "failover-in-progress" => Failover::InProgress,
                _ => Failover::None,
            },
            offset,
            stream: text("master_replid").to_owned(),
            stream_before: (
                text("master_replid2").to_owned(),
                number("second_repl_offset"),
            ),
            replicas,
            keys,
            functions: number("number_of_functions"),
            version: text("redis_version")
                .split('.')
                .map(|part| part.parse().unwrap_or(0))
                .collect(),
            is_cluster: text("cluster_enabled") == "1",
            used_memory: number("used_memory"),
            max_memory: number("maxmemory"),
            modules,
            has_config_file: !text("config_file").is_empty(),
            run_id: text("run_id").to_owned(),
        }
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.role == Role::Primary
    }

    /// Returns `true` if it is a primary that has taken over with all that the other server has, which
    /// refuses writes.
    pub(crate) fn succeeds(&self, other: &Self) -> bool {
        let (stream, end) = &self.stream_before;
        self.is_primary() && *stream == other.stream && *end > other.offset
    }

    /// Returns `true` if it has nothing but what the other server had: it was its replica, and was
    /// started again since.
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        let (stream, end) = &self.stream_before;
        let (earlier, left) = &other.stream_before;
        // Who takes writes again begins another stream.
        let is_of_other = *stream == other.stream || stream == earlier && end <= left;
        is_of_other && self.offset < *end
    }

    /// Returns `true` if it is empty, and has followed nobody since it was started.
    pub(crate) fn is_new(&self) -> bool {
        let (stream, _) = &self.stream_before;
        self.keys == 0 && stream.bytes().all(|byte| byte == b'0')
    }

    /// Returns `true` if it is a replica that has all its primary had a moment ago.
    pub(crate) fn is_in_step(&self) -> bool {
        matches!(self.role, Role::Replica { is_in_step, .. } if is_in_step)
    }
}

/// Returns `true` if a server has refused a connection because it loads its data, or has none yet.
pub(crate) fn says_loading(message: &str) -> bool {
    let mut words = message.split(|c: char| !c.is_ascii_uppercase());
    words.any(|word| matches!(word, "LOADING" | "MASTERDOWN"))
}

impl Role {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica { .. } => "replica",
        }
    }
}

impl Replica {
    /// Returns its `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Shown {
    pub(crate) fn new(server: &str, seen: Option<&Seen>) -> Self {
        Self {
            server: server.to_owned(),
            role: seen.map(|seen| seen.role.name()),
            offset: seen.map(|seen| seen.offset),
            keys: seen.map(|seen| seen.keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failover, Replica, Role, Seen};

    #[test]
    fn a_primary_and_a_replica_are_told_apart() {
        let primary = Seen::parse(
            "# Server\r\nredis_version:7.0.15\r\nconfig_file:/etc/r.conf\r\nrole:master\r\n\
             slave0:ip=10.0.0.2,port=6380,state=online,offset=14,lag=0\r\n\
             master_failover_state:waiting-for-sync\r\nmaster_repl_offset:42\r\n\
             module:name=ReJSON,ver=20609\r\ndb0:keys=3,expires=0\r\ndb2:keys=4,expires=1\r\n",
        );
        assert!(primary.is_primary() && primary.has_config_file);
        assert_eq!((primary.offset, primary.keys), (42, 7));
        assert_eq!(primary.failover, Failover::WaitingForSync);
        let host = "10.0.0.2".to_owned();
        let replica = Replica {
            host,
            port: 6380,
            is_online: true,
        };
        assert_eq!(
            (primary.replicas, primary.modules),
            (vec![replica], vec!["ReJSON".to_owned()])
        );
        assert_eq!(primary.version, [7, 0, 15]);
        let replica = Seen::parse(
            "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n\
             master_sync_in_progress:0\r\nslave_repl_offset:41\r\n",
        );
        let role = Role::Replica {
            host: "10.0.0.1".to_owned(),
            port: 6379,
            is_in_step: true,
        };
        assert_eq!((replica.role, replica.offset), (role, 41));
    }
}
