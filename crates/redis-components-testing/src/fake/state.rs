//! What all connections of a fake server share.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::fault::{self, Fault, Rule};
use super::reply::Reply;

/// Which port of 127.0.0.1 serves which slots.
pub(super) type Topology = Vec<(RangeInclusive<u16>, u16)>;

/// Keys, counts, faults, and the cluster that the server says it belongs to.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) topology: Topology,
    pub(super) rules: Vec<Rule>,
    pub(super) is_replica: bool,
    /// How often each command has come, and was executed, by its name in capitals.
    pub(super) received: HashMap<String, u64>,
    pub(super) executed: HashMap<String, u64>,
    pub(super) keys: HashMap<String, String>,
}

impl State {
    /// Counts a command and returns what is done with it instead of answering.
    pub(super) fn receive(&mut self, command: &[String], is_asked: bool) -> Option<Fault> {
        *self.received.entry(name(command)).or_default() += 1;
        fault::take(&mut self.rules, command, is_asked)
    }

    /// Executes a command.
    pub(super) fn execute(&mut self, command: &[String]) -> Reply {
        *self.executed.entry(name(command)).or_default() += 1;
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        match (name(command).as_str(), &words[1..]) {
            ("PING", _) => Reply::Simple("PONG"),
            ("ECHO", [text]) => Reply::bulk(*text),
            ("CLIENT", [sub, ..]) if sub.eq_ignore_ascii_case("ID") => Reply::Integer(1),
            ("AUTH" | "CLIENT" | "SELECT" | "READONLY" | "READWRITE", _) => Reply::Simple("OK"),
            ("ROLE", _) => self.role(),
            ("INFO", _) => Reply::bulk(if self.is_replica {
                "# Replication\r\nrole:slave\r\n"
            } else {
                "# Replication\r\nrole:master\r\n"
            }),
            ("CLUSTER", [sub, ..]) if sub.eq_ignore_ascii_case("SLOTS") => self.slots(),
            ("CLUSTER", [sub, ..]) if sub.eq_ignore_ascii_case("SHARDS") => self.shards(),
            ("INCR", [key]) => self.increment(key),
            ("GET", [key]) => {
                let value = self.keys.get(*key);
                value.map_or(Reply::Nothing, Reply::bulk)
            }
            ("SET", [key, value]) => {
                self.keys.insert((*key).to_owned(), (*value).to_owned());
                Reply::Simple("OK")
            }
            ("DEL", keys) => {
                let removed = keys.iter().filter(|key| self.keys.remove(**key).is_some());
                Reply::Integer(i64::try_from(removed.count()).unwrap_or(i64::MAX))
            }
            (name, _) => Reply::Error(format!("ERR the fake server does not know '{name}'")),
        }
    }

    fn increment(&mut self, key: &str) -> Reply {
        let value = self
            .keys
            .entry(key.to_owned())
            .or_insert_with(|| "0".into());
        match value.parse::<i64>() {
            Ok(number) => {
                *value = (number + 1).to_string();
                Reply::Integer(number + 1)
            }
            Err(_) => Reply::Error("ERR value is not an integer or out of range".to_owned()),
        }
    }

    fn role(&self) -> Reply {
        let role = if self.is_replica {
            let primary = [Reply::bulk("127.0.0.1"), Reply::Integer(1)];
            let state = [Reply::bulk("connected"), Reply::Integer(0)];
            [vec![Reply::bulk("slave")], primary.into(), state.into()].concat()
        } else {
            let replicas = Reply::Array(Vec::new());
            vec![Reply::bulk("master"), Reply::Integer(0), replicas]
        };
        Reply::Array(role)
    }

    fn slots(&self) -> Reply {
        let ranges = self.topology.iter().map(|(slots, port)| {
            let (host, port, id) = (Reply::bulk("127.0.0.1"), i64::from(*port), id(*port));
            let node = vec![host, Reply::Integer(port), Reply::Bulk(id)];
            let (first, last) = (i64::from(*slots.start()), i64::from(*slots.end()));
            let range = [Reply::Integer(first), Reply::Integer(last)];
            Reply::Array([range.to_vec(), vec![Reply::Array(node)]].concat())
        });
        Reply::Array(ranges.collect())
    }

    fn shards(&self) -> Reply {
        let shards = self.topology.iter().map(|(slots, port)| {
            let ends = [slots.start(), slots.end()].map(|slot| Reply::Integer(i64::from(*slot)));
            let node = Reply::Map(vec![
                ("id", Reply::Bulk(id(*port))),
                ("port", Reply::Integer(i64::from(*port))),
                ("ip", Reply::bulk("127.0.0.1")),
                ("endpoint", Reply::bulk("127.0.0.1")),
                ("role", Reply::bulk("master")),
                ("replication-offset", Reply::Integer(0)),
                ("health", Reply::bulk("online")),
            ]);
            Reply::Map(vec![
                ("slots", Reply::Array(ends.to_vec())),
                ("nodes", Reply::Array(vec![node])),
            ])
        });
        Reply::Array(shards.collect())
    }
}

/// Returns the name of a command in capitals.
pub(super) fn name(command: &[String]) -> String {
    command
        .first()
        .map(|name| name.to_uppercase())
        .unwrap_or_default()
}

/// Returns an identity of 40 digits, as nodes have.
fn id(port: u16) -> String {
    format!("{port:040}")
}
