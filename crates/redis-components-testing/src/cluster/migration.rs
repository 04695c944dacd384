//! A slot on its way to another node.

use std::io;

use super::node::Node;

/// A slot that moves from one primary to another, step by step.
///
/// Between [`begin`](crate::Cluster::begin_migration) and [`finish`](Self::finish), the first node
/// answers for the keys that it still has, and `ASK` for all others. Commands with keys on both
/// sides get `TRYAGAIN`.
///
/// ```
/// use redis_components_testing::Cluster;
///
/// let cluster = Cluster::start(2, 0);
/// let from = cluster.primary_of("{k}1");
/// cluster.node(from).command(&["MSET", "{k}1", "a", "{k}2", "b"]);
/// let migration = cluster.begin_migration(cluster.slot_of("{k}1"), 1 - from);
/// migration.move_key("{k}1");
/// let error = cluster.node(from).try_command(&["MGET", "{k}1", "{k}2"]).unwrap_err();
/// assert_eq!(error.code(), Some("TRYAGAIN"));
/// migration.move_keys();
/// migration.finish();
/// ```
#[derive(Debug)]
#[must_use = "the slot stays between both until `finish`"]
pub struct Migration {
    slot: String,
    from: Node,
    to: Node,
    password: Option<String>,
}

impl Migration {
    pub(super) fn begin(
        slot: u16,
        from: Node,
        to: Node,
        password: Option<String>,
    ) -> io::Result<Self> {
        if from.id == to.id {
            return Err(io::Error::other("the node has it already"));
        }
        let slot = slot.to_string();
        to.cluster(&["SETSLOT", &slot, "IMPORTING", &from.id])?;
        from.cluster(&["SETSLOT", &slot, "MIGRATING", &to.id])?;
        Ok(Self {
            slot,
            from,
            to,
            password,
        })
    }

    /// Moves one key.
    ///
    /// # Panics
    ///
    /// Panics if the nodes refuse.
    pub fn move_key(&self, key: &str) {
        self.send(&[key.to_owned()])
            .unwrap_or_else(|error| panic!("a key cannot be moved: {error}"));
    }

    /// Moves all keys that are left, and returns how many they were.
    ///
    /// # Panics
    ///
    /// Panics if the nodes refuse.
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn move_keys(&self) -> usize {
        let mut moved = 0;
        loop {
            let keys: io::Result<Vec<String>> =
                self.from
                    .server
                    .ask(&["CLUSTER", "GETKEYSINSLOT", &self.slot, "100"]);
            let sent = keys.and_then(|keys| self.send(&keys).map(|()| keys.len()));
            match sent.unwrap_or_else(|error| panic!("keys cannot be moved: {error}")) {
                0 => return moved,
                count => moved += count,
            }
        }
    }

    /// Gives the slot to the new node. Others hear of it from the two.
    ///
    /// # Panics
    ///
    /// Panics if the nodes refuse, for example because there are keys left.
    pub fn finish(self) {
        self.give()
            .unwrap_or_else(|error| panic!("slot {} cannot be given: {error}", self.slot));
    }

    fn give(&self) -> io::Result<()> {
        let words = ["SETSLOT", &self.slot, "NODE", &self.to.id];
        // In this order, or the slot would be nobody's between the two.
        self.to.cluster(&words)?;
        match self.from.cluster(&words) {
            // It had no other slot, has heard of the new node, and is a replica of it now.
            Err(error) if error.to_string().contains("only with masters") => Ok(()),
            given => given,
        }
    }

    fn send(&self, keys: &[String]) -> io::Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let port = self.to.server.port().to_string();
        let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000"];
        if let Some(password) = &self.password {
            words.extend(["AUTH", password]);
        }
        words.push("KEYS");
        words.extend(keys.iter().map(String::as_str));
        // OK, or NOKEY if somebody has removed them meanwhile.
        self.from.server.ask::<String>(&words).map(drop)
    }
}
