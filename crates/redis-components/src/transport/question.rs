//! What a server is asked beside the probe, to find out whether it is what it has to be.

use redis::{Cmd, RedisResult, Value};

use super::demand::Demand;
use super::failure::{Cause, Failure};
use super::role::{Role, info_field, is_sentinel};

/// A question to a server. One that does not tell is believed to be what the config or its sentinels
/// say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether it is a sentinel, or a node of a cluster. Each user may ask that since Redis 6.
    Mode { needs_all_slots: bool },
    /// How many primaries its cluster has.
    Primaries,
    /// Whether it is a primary.
    Role,
    /// The same, for users who may not send `ROLE`.
    Info,
}

impl Question {
    pub(super) fn of(demand: Demand) -> Option<Self> {
        match demand {
            Demand::Nothing => None,
            Demand::Data => Some(Self::Mode {
                needs_all_slots: false,
            }),
            Demand::AllSlots => Some(Self::Mode {
                needs_all_slots: true,
            }),
            Demand::Primary => Some(Self::Role),
        }
    }

    pub(super) fn command(self) -> Cmd {
        let (name, argument) = match self {
            // Without a version, it changes nothing.
            Self::Mode { .. } => ("HELLO", None),
            Self::Primaries => ("CLUSTER", Some("INFO")),
            Self::Role => ("ROLE", None),
            Self::Info => ("INFO", Some("replication")),
        };
        let mut command = redis::cmd(name);
        command.arg(argument);
        command
    }

    /// Returns the next question, if the answer leaves one.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is not what it has to be.
    pub(super) fn judge(self, answer: &RedisResult<Value>) -> Result<Option<Self>, Failure> {
        let answer = match (self, answer) {
            (_, Ok(answer)) => answer,
            (Self::Role, Err(_)) => return Ok(Some(Self::Info)),
            (_, Err(_)) => return Ok(None),
        };
        match self {
            Self::Role if is_sentinel(answer) => Err(of_sentinel()),
            Self::Role => demand_primary(Role::of_role(answer)),
            Self::Info => demand_primary(Role::of_info(answer)),
            Self::Mode { needs_all_slots } => match field(answer, b"mode") {
                Some(b"sentinel") => Err(of_sentinel()),
                Some(b"cluster") if needs_all_slots => match field(answer, b"role") {
                    Some(b"replica" | b"slave") => Err(of_node()),
                    _ => Ok(Some(Self::Primaries)),
                },
                _ => Ok(None),
            },
            Self::Primaries => match info_field(answer, b"cluster_size:") {
                None | Some(b"0" | b"1") => Ok(None),
                Some(_) => Err(of_node()),
            },
        }
    }

    /// Returns `true` if the answer says that the server is a node of a cluster.
    pub(super) fn tells_of_cluster(self, answer: &RedisResult<Value>) -> bool {
        let mode = answer.as_ref().ok().and_then(|told| field(told, b"mode"));
        matches!(self, Self::Mode { .. }) && mode == Some(b"cluster")
    }
}

fn demand_primary(role: Option<Role>) -> Result<Option<Question>, Failure> {
    match role {
        Some(Role::Replica) => Err(Failure::is_replica()),
        _ => Ok(None),
    }
}

fn of_sentinel() -> Failure {
    let what =
        "it is a sentinel, and no server of data; name it in `sentinels` with `service_name`";
    Failure::new(Cause::Refused, what)
}

fn of_node() -> Failure {
    let what = "it is a node of a cluster, and has the keys of some slots only; write it in `cluster` in place of \
                `host`";
    Failure::new(Cause::Refused, what)
}

/// Returns a text in an answer to `HELLO`: a map, or an array in which names and values take turns.
fn field<'a>(answer: &'a Value, name: &[u8]) -> Option<&'a [u8]> {
    match answer {
        Value::Map(pairs) => {
            let mut pairs = pairs.iter();
            pairs.find_map(|(key, value)| (text(key)? == name).then(|| text(value))?)
        }
        Value::Array(words) => {
            let mut pairs = words.chunks_exact(2);
            pairs.find_map(|pair| (text(&pair[0])? == name).then(|| text(&pair[1]))?)
        }
        _ => None,
    }
}

fn text(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.as_bytes()),
        _ => None,
    }
}
