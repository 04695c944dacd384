//! What a server says of itself with `INFO`.

use std::collections::HashMap;
use std::time::Instant;

use serde::Serialize;

use crate::moving::servers::seen::Seen;
use crate::text::printable;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Info {
    /// Names the run of the server's process.
    run: String,
    pub(super) version: Option<String>,
    pub(super) role: Option<Role>,
    /// How many commands it has executed since it began.
    pub(super) commands: Option<u64>,
    pub(super) clients: Option<u64>,
    pub(super) used_memory: Option<u64>,
    pub(super) keys: u64,
    /// How far it has written, or followed, the stream of replication.
    pub(super) offset: Option<u64>,
    /// What a move is judged by.
    pub(super) seen: Seen,
}

/// What a server is in its replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Primary,
    Replica,
}

impl Info {
    /// Reads an answer to `INFO`. What is not there stays unknown.
    pub(super) fn parse(info: &str) -> Self {
        let mut fields = HashMap::new();
        let mut keys = 0;
        for line in info.lines() {
            let Some((name, value)) = line.trim_end().split_once(':') else {
                continue;
            };
            let database = name.strip_prefix("db");
            if database.is_some_and(|number| number.parse::<u32>().is_ok()) {
                let mut parts = value.split(',');
                let count = parts.find_map(|part| part.strip_prefix("keys=")?.parse::<u64>().ok());
                keys += count.unwrap_or_default();
            }
            fields.insert(name, value);
        }
        let number = |name: &str| fields.get(name)?.parse::<u64>().ok();
        let text = |name: &str| fields.get(name).map(|text| printable(text));
        let role = match fields.get("role") {
            Some(&"slave") => Some(Role::Replica),
            Some(_) => Some(Role::Primary),
            None => None,
        };
        let is_replica = role == Some(Role::Replica);
        Self {
            run: text("run_id").unwrap_or_default(),
            // Valkey calls its own version otherwise, and a Redis version too for old clients.
            version: text("valkey_version").or_else(|| text("redis_version")),
            role,
            commands: number("total_commands_processed"),
            clients: number("connected_clients"),
            used_memory: number("used_memory"),
            keys,
            offset: number(if is_replica {
                "slave_repl_offset"
            } else {
                "master_repl_offset"
            }),
            seen: Seen::parse(info),
        }
    }
}

/// Makes rates of a server's count of commands.
#[derive(Debug, Default)]
pub(super) struct Meter {
    last: Option<(String, u64, Instant)>,
}

impl Meter {
    /// Returns the commands a second since the last look, without the look itself. There is no rate
    /// at first, and none if the server has begun anew or its counters were reset.
    pub(super) fn rate(&mut self, info: &Info, now: Instant) -> Option<f64> {
        let commands = info.commands?;
        let last = self.last.replace((info.run.clone(), commands, now));
        let (run, before, at) = last?;
        let seconds = now.duration_since(at).as_secs_f64();
        if run != info.run || seconds <= 0.0 {
            return None;
        }
        let count = commands.checked_sub(before)?.saturating_sub(1);
        #[allow(
            clippy::cast_precision_loss,
            reason = "a count within a second is far below 2^53"
        )]
        let count = count as f64;
        Some(count / seconds)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Info, Meter, Role};

    #[test]
    fn a_replica_says_how_far_it_has_come() {
        let info = Info::parse(
            "# Server\r\nredis_version:7.0.15\r\nrun_id:ab\r\nconnected_clients:3\r\n\
             used_memory:1000\r\ntotal_commands_processed:42\r\nrole:slave\r\n\
             master_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n\
             master_sync_in_progress:0\r\nslave_repl_offset:41\r\nmaster_repl_offset:7\r\n\
             db0:keys=3,expires=0\r\ndb2:keys=4,expires=1\r\n",
        );
        assert_eq!(info.role, Some(Role::Replica));
        assert_eq!((info.offset, info.keys), (Some(41), 7));
        assert_eq!((info.commands, info.clients), (Some(42), Some(3)));
        assert!(info.seen.replication.is_in_step());
        let empty = Info::parse("");
        assert_eq!((empty.role, empty.commands), (None, None));
    }

    #[test]
    fn a_rate_leaves_out_the_look_and_a_new_beginning() {
        let info = |run: &str, commands: u64| {
            Info::parse(&format!(
                "run_id:{run}\r\ntotal_commands_processed:{commands}\r\n"
            ))
        };
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut meter = Meter::default();
        assert_eq!(meter.rate(&info("a", 100), at(0)), None);
        assert_eq!(meter.rate(&info("a", 101), at(1)), Some(0.0));
        assert_eq!(meter.rate(&info("a", 202), at(3)), Some(50.0));
        // CONFIG RESETSTAT.
        assert_eq!(meter.rate(&info("a", 1), at(4)), None);
        assert_eq!(meter.rate(&info("a", 12), at(5)), Some(10.0));
        // A restart.
        assert_eq!(meter.rate(&info("b", 50), at(6)), None);
        assert_eq!(meter.rate(&info("b", 61), at(7)), Some(10.0));
    }
}
