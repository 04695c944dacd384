//! Contestants at a cluster, called by threads. Each thread has keys of its own, which are spread
//! over the nodes.

use std::sync::{Arc, Mutex, PoisonError};

use redis::Connection;
use redis::cluster::{ClusterClient, ClusterConnection};

use super::cluster::{Keys, Owners, nodes, owner};
use super::threads::Blocking;
use super::world::{MESSAGE, World};
use crate::components::cluster_blocking;
use crate::failure::Failure;
use crate::functions::values_blocking::set;

/// The wrapper of a component, for threads.
pub(super) struct Ours;

impl Blocking for Ours {
    type Caller = Keys;

    fn caller(&self) -> Result<Keys, Failure> {
        Ok(Keys::of(fastrand::usize(..1000)))
    }

    fn log_recent(caller: &mut Keys) -> Result<(), Failure> {
        Ok(cluster_blocking::set(caller.next(), MESSAGE)?)
    }
}

/// One cluster connection of redis-rs for each thread, kept from slice to slice.
pub(super) struct RedisRs {
    client: ClusterClient,
    idle: Mutex<Vec<ClusterConnection>>,
}

impl RedisRs {
    pub(super) fn new(world: &World) -> Result<Self, Failure> {
        let nodes = nodes(world)?
            .into_iter()
            .map(|node| format!("redis://{node}"));
        Ok(Self {
            client: ClusterClient::new(nodes)?,
            idle: Mutex::default(),
        })
    }
}

impl Blocking for RedisRs {
    type Caller = (ClusterConnection, Keys);

    fn caller(&self) -> Result<Self::Caller, Failure> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(idle) => idle,
            None => self.client.get_connection()?,
        };
        Ok((connection, Keys::of(fastrand::usize(..1000))))
    }

    fn log_recent((connection, keys): &mut Self::Caller) -> Result<(), Failure> {
        Ok(set(connection, keys.next(), MESSAGE)?)
    }

    fn done(&self, (connection, _): Self::Caller) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(connection);
    }
}

/// A table of slots, read once, and one connection of redis-rs to each node for each thread, kept
/// from slice to slice. It follows nothing, and no call has a bound.
pub(super) struct SlotTable {
    owners: Owners,
    idle: Mutex<Vec<Vec<Connection>>>,
}

impl SlotTable {
    pub(super) fn new(world: &World) -> Result<Self, Failure> {
        Ok(Self {
            owners: Owners::read(world)?,
            idle: Mutex::default(),
        })
    }
}

/// A caller of [`SlotTable`].
pub(super) struct TableCaller {
    nodes: Vec<Connection>,
    owners: Arc<[usize]>,
    keys: Keys,
}

impl Blocking for SlotTable {
    type Caller = TableCaller;

    fn caller(&self) -> Result<TableCaller, Failure> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let nodes = match idle {
            Some(idle) => idle,
            None => {
                let nodes = self.owners.nodes.iter();
                let connections = nodes.map(redis::Client::get_connection);
                connections.collect::<Result<_, _>>()?
            }
        };
        Ok(TableCaller {
            nodes,
            owners: Arc::clone(&self.owners.of_slots),
            keys: Keys::of(fastrand::usize(..1000)),
        })
    }

    fn log_recent(caller: &mut TableCaller) -> Result<(), Failure> {
        let key = caller.keys.next();
        let node = &mut caller.nodes[owner(&caller.owners, key)];
        Ok(set(node, key, MESSAGE)?)
    }

    fn done(&self, TableCaller { nodes, .. }: TableCaller) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(nodes);
    }
}
