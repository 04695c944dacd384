//! What a data server says of itself.

use std::collections::HashMap;

use serde::Serialize;

use crate::moving::servers::replication::{Replication, is_numbered, part};

/// What a server uses its memory for besides its data.
const NO_DATA: [&str; 4] = [
    "mem_clients_normal",
    "mem_clients_slaves",
    "mem_replication_backlog",
    "mem_aof_buffer",
];

/// What a data server says of itself, as far as a move needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) replication: Replication,
    pub(crate) keys: u64,
    /// How many functions of libraries it has, if it knows functions.
    pub(crate) functions: u64,
    pub(crate) version: Vec<u64>,
    pub(crate) is_cluster: bool,
    /// How much its data uses, without its connections and the backlog of its replication: a replica that
    /// becomes the primary has others.
    pub(crate) data_memory: u64,
    /// 0 if there is no limit.
    pub(crate) max_memory: u64,
    pub(crate) max_memory_policy: String,
    /// How many clients it has.
    pub(crate) clients: u64,
    /// 0 if it does not say it.
    pub(crate) max_clients: u64,
    /// Whether its last `BGSAVE` has failed.
    pub(crate) has_save_failed: bool,
    /// Whether its last write to its append-only file has failed.
    pub(crate) has_append_failed: bool,
    pub(crate) modules: Vec<String>,
    pub(crate) has_config_file: bool,
    /// Names the process, from its start to its end.
    pub(crate) run_id: String,
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
        let (mut keys, mut modules) = (0, Vec::new());
        for line in info.lines() {
            let Some((name, value)) = line.trim_end().split_once(':') else {
                continue;
            };
            if is_numbered(name, "db") {
                keys += part(value, "keys")
                    .and_then(|keys| keys.parse().ok())
                    .unwrap_or(0);
            } else if name == "module" {
                modules.extend(part(value, "name").map(str::to_owned));
            }
            fields.insert(name, value);
        }
        let text = |name: &str| fields.get(name).copied().unwrap_or_default();
        let number = |name: &str| text(name).parse().unwrap_or(0);
        Self {
            replication: Replication::parse(info),
            keys,
            functions: number("number_of_functions"),
            version: text("redis_version")
                .split('.')
                .map(|part| part.parse().unwrap_or(0))
                .collect(),
            is_cluster: text("cluster_enabled") == "1",
            data_memory: NO_DATA.iter().fold(number("used_memory"), |used, name| {
                used.saturating_sub(number(name))
            }),
            max_memory: number("maxmemory"),
            max_memory_policy: text("maxmemory_policy").to_owned(),
            clients: number("connected_clients"),
            max_clients: number("maxclients"),
            has_save_failed: text("rdb_last_bgsave_status") == "err",
            has_append_failed: text("aof_enabled") == "1" && text("aof_last_write_status") == "err",
            modules,
            has_config_file: !text("config_file").is_empty(),
            run_id: text("run_id").to_owned(),
        }
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.replication.is_primary()
    }

    /// Returns `true` if it is empty, and has followed nobody since it was started.
    pub(crate) fn is_new(&self) -> bool {
        let (stream, _) = &self.replication.stream_before;
        self.keys == 0 && stream.bytes().all(|byte| byte == b'0')
    }
}

impl Shown {
    pub(crate) fn new(server: &str, seen: Option<&Seen>) -> Self {
        Self {
            server: server.to_owned(),
            role: seen.map(|seen| seen.replication.role.name()),
            offset: seen.map(|seen| seen.replication.offset),
            keys: seen.map(|seen| seen.keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;
    use crate::moving::servers::replication::{Failover, Replica, Replication, Role};

    #[test]
    fn a_primary_and_a_replica_are_told_apart() {
        let primary = Seen::parse(
            "# Server\r\nredis_version:7.0.15\r\nconfig_file:/etc/r.conf\r\nrole:master\r\n\
             slave0:ip=10.0.0.2,port=6380,state=online,offset=14,lag=0\r\n\
             master_failover_state:waiting-for-sync\r\nmaster_repl_offset:42\r\n\
             module:name=ReJSON,ver=20609\r\ndb0:keys=3,expires=0\r\ndb2:keys=4,expires=1\r\n",
        );
        assert!(primary.is_primary() && primary.has_config_file);
        let replication = primary.replication;
        assert_eq!((replication.offset, primary.keys), (42, 7));
        assert_eq!(replication.failover, Failover::WaitingForSync);
        let host = "10.0.0.2".to_owned();
        let replica = Replica {
            host,
            port: 6380,
            is_online: true,
        };
        assert_eq!(
            (replication.replicas, primary.modules),
            (vec![replica], vec!["ReJSON".to_owned()])
        );
        assert_eq!(primary.version, [7, 0, 15]);
        let replica = Replication::parse(
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
