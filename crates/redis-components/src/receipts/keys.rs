//! The names of receipts on the config server.

/// The beginning of each receipt's key. The rest is a [`Process::member`](super::Process::member).
pub const KEY_PREFIX: &str = "redis-components:receipt:";

/// The key of the sorted set of all processes: its members are
/// [`Process::member`](super::Process::member)s, its scores the unix times in seconds at which they
/// were about last seen.
pub const FLEET_KEY: &str = "redis-components:fleet";

/// The field of a receipt that holds the [`Process`](super::Process). No component has this name.
pub const PROCESS_FIELD: &str = "@";
