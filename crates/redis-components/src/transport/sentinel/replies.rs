//! The meaning of what one sentinel answers or publishes. Any bytes may come.

use redis::{RedisError, Value};

use crate::config::endpoint::{Address, Primary};
use crate::config::host;
use crate::config::host_guard::HostGuard;
use crate::transport::failure::Failure;

/// The channel on which a sentinel publishes that a primary is elsewhere.
pub(super) const SWITCHES: &str = "+switch-master";

/// What a sentinel says when it is asked for the primary of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Primary(Primary),
    /// It watches no service of that name.
    UnknownService,
    /// It knows the service, and gives no address that can be connected to.
    NoAddress,
    /// It gives an address that holds the password, which must not be shown.
    HoldsPassword,
    /// It is a server of another kind.
    NoSentinel,
    /// It does not let this user ask. The text says why.
    Refused(String),
}

/// The replicas of a service that a sentinel knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replicas {
    /// It was not asked for them with its newest answer.
    NotAsked,
    /// It does not let this user ask.
    Refused,
    Known(Vec<Address>),
}

impl Replicas {
    /// Returns what a sentinel answers to `SENTINEL REPLICAS`, also those that seem to be down: the
    /// old primary is one of them after a fail-over.
    pub(super) fn of(reply: Result<Value, RedisError>, guard: &HostGuard) -> Self {
        let Ok(reply) = reply.and_then(Value::extract_error) else {
            return Self::Refused;
        };
        let all = elements(&reply).unwrap_or_default().iter();
        let addresses = all.filter_map(|replica| Fields::of(replica)?.address());
        Self::Known(addresses.filter(|one| admitted(one, guard)).collect())
    }

    pub(super) fn contains(&self, address: &Address) -> bool {
        matches!(self, Self::Known(known) if known.contains(address))
    }
}

/// Returns what a sentinel answers to `SENTINEL GET-MASTER-ADDR-BY-NAME` and `SENTINEL MASTER`.
///
/// The address comes from the first. While a sentinel leads a fail-over, it answers the second with
/// the old address and the new epoch, for as long as it reconfigures the other replicas.
pub(super) fn answer(
    address: Result<Value, RedisError>,
    primary: Result<Value, RedisError>,
    guard: &HostGuard,
) -> Answer {
    let named = |address: Option<Address>, epoch| match address {
        Some(address) if admitted(&address, guard) => Answer::Primary(Primary { address, epoch }),
        Some(_) => Answer::HoldsPassword,
        None => Answer::NoAddress,
    };
    let primary = primary.and_then(Value::extract_error);
    let epoch = primary
        .as_ref()
        .ok()
        .and_then(|primary| Fields::of(primary)?.number("config-epoch"));
    match address.and_then(Value::extract_error) {
        Ok(Value::Nil) => Answer::UnknownService,
        Ok(reply) => named(address_in(&reply), epoch),
        // Perhaps the user may only ask for the second.
        Err(refusal) => match primary {
            Ok(primary) => {
                let address = Fields::of(&primary).and_then(|fields| fields.address());
                named(address, epoch)
            }
            Err(error) if is_unknown_service(&error) => Answer::UnknownService,
            Err(_) if is_unknown_command(&refusal) => Answer::NoSentinel,
            Err(_) => Answer::Refused(Failure::from(refusal).message),
        },
    }
}

/// Returns the addresses in an answer to `SENTINEL SENTINELS`, without those of sentinels that
/// seem to be down.
pub(super) fn peers(reply: &Value, guard: &HostGuard) -> Vec<Address> {
    let Some(peers) = elements(reply) else {
        return Vec::new();
    };
    let living = peers.iter().filter_map(|peer| {
        let fields = Fields::of(peer)?;
        let flags = fields.text("flags").unwrap_or_default();
        let is_down = flags.split(',').any(|flag| flag == "s_down");
        let address = fields.address().filter(|address| admitted(address, guard));
        address.filter(|_| !is_down)
    });
    living.collect()
}

/// Returns `true` if a message on [`SWITCHES`] is about `service`: its name, the old host and port,
/// and the new host and port.
pub(super) fn is_about(service: &str, message: &[u8]) -> bool {
    let rest = message.strip_prefix(service.as_bytes());
    let rest = rest.and_then(|rest| rest.strip_prefix(b" "));
    rest.is_some_and(|rest| rest.split(|byte| *byte == b' ').count() == 4)
}

/// Returns `true` if what a sentinel names may be shown.
fn admitted(address: &Address, guard: &HostGuard) -> bool {
    match address {
        Address::Tcp { host, .. } => guard.admits(host),
        Address::Unix(_) => true,
    }
}

fn is_unknown_service(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.contains("No such master"))
}

fn is_unknown_command(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.starts_with("unknown command"))
}

fn address_in(reply: &Value) -> Option<Address> {
    match elements(reply)? {
        [host, port] => parse_address(text(host)?, text(port)?),
        _ => None,
    }
}

/// Returns the address, unless a sentinel says that it has none: an empty host, `?`, or port 0.
fn parse_address(host: &str, port: &str) -> Option<Address> {
    let host = host::check(host).ok()?.to_owned();
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Some(Address::Tcp { host, port })
}

fn elements(reply: &Value) -> Option<&[Value]> {
    match reply {
        Value::Array(elements) => Some(elements),
        Value::Attribute { data, .. } => elements(data),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

/// The fields of a server that a sentinel knows: names and values in turns (RESP2), or a map
/// (RESP3).
enum Fields<'a> {
    Flat(&'a [Value]),
    Map(&'a [(Value, Value)]),
}

impl<'a> Fields<'a> {
    fn of(reply: &'a Value) -> Option<Self> {
        match reply {
            Value::Array(flat) => Some(Self::Flat(flat)),
            Value::Map(map) => Some(Self::Map(map)),
            Value::Attribute { data, .. } => Self::of(data),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        let is_named = |key: &Value| text(key) == Some(name);
        let value = match self {
            Self::Flat(flat) => flat
                .chunks_exact(2)
                .find(|pair| is_named(&pair[0]))
                .map(|pair| &pair[1]),
            Self::Map(map) => map
                .iter()
                .find(|(key, _)| is_named(key))
                .map(|(_, value)| value),
        };
        text(value?)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    fn address(&self) -> Option<Address> {
        parse_address(self.text("ip")?, self.text("port")?)
    }
}

#[cfg(test)]
mod tests;
