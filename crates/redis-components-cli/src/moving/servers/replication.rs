//! What a data server says of its replication.

use std::collections::HashMap;

/// What a data server says of its replication. It costs the server less than all that it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replication {
    pub(crate) role: Role,
    pub(crate) failover: Failover,
    /// How far it has written the stream.
    pub(crate) offset: u64,
    /// Names the stream that it writes or follows.
    pub(crate) stream: String,
    /// The stream that it has followed before it took over, and the first offset that it has not of it.
    pub(crate) stream_before: (String, u64),
    pub(crate) replicas: Vec<Replica>,
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

impl Replication {
    /// Reads the answer to `INFO replication`, or to a larger one.
    pub(crate) fn parse(info: &str) -> Self {
        let fields = || {
            info.lines()
                .filter_map(|line| line.trim_end().split_once(':'))
        };
        let replicas = fields()
            .filter(|(name, _)| is_numbered(name, "slave"))
            .map(|(_, value)| Replica {
                host: part(value, "ip").unwrap_or_default().to_owned(),
                port: part(value, "port")
                    .and_then(|port| port.parse().ok())
                    .unwrap_or(0),
                is_online: part(value, "state") == Some("online"),
            })
            .collect();
        let fields: HashMap<_, _> = fields().collect();
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

    /// Returns `true` if it is a replica that has all its primary had a moment ago.
    pub(crate) fn is_in_step(&self) -> bool {
        matches!(self.role, Role::Replica { is_in_step, .. } if is_in_step)
    }

    /// Returns `true` if it has all that another server has written, of the same stream.
    pub(crate) fn has_all_of(&self, other: &Self) -> bool {
        // One that was started again may be far ahead in another stream.
        self.stream == other.stream && self.offset >= other.offset
    }
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

/// Returns `true` if a name is the prefix and a number.
pub(crate) fn is_numbered(name: &str, prefix: &str) -> bool {
    let rest = name.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.parse::<u32>().is_ok())
}

/// Returns a part of `name=value,name=value`.
pub(crate) fn part<'a>(parts: &'a str, wanted: &str) -> Option<&'a str> {
    let mut parts = parts.split(',').filter_map(|part| part.split_once('='));
    parts.find_map(|(name, value)| (name == wanted).then_some(value))
}
