//! Contestants at a cluster, called by tasks. Each task has keys of its own, which are spread over the
//! nodes.

use std::sync::Arc;

use crc16::{State, XMODEM};
use fred::prelude::{Builder, ClientLike, Config, KeysInterface};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use rustis::commands::StringCommands;

use super::kinds::config;
use super::tasks::Asynchronous;
use super::world::{MESSAGE, World};
use crate::components::cluster;
use crate::failure::Failure;
use crate::functions::values::set;

const SLOTS: usize = 16_384;

/// The keys of one caller, in turn.
#[derive(Clone)]
pub(super) struct Keys {
    keys: Arc<[String]>,
    next: usize,
}

impl Keys {
    pub(super) fn of(caller: usize) -> Self {
        Self {
            keys: (0..64)
                .map(|number| format!("value:{caller}:{number}"))
                .collect(),
            next: 0,
        }
    }

    pub(super) fn next(&mut self) -> &str {
        self.next = (self.next + 1) % self.keys.len();
        &self.keys[self.next]
    }
}

/// Returns the nodes as `host:port`.
pub(super) fn nodes(world: &World) -> Result<Vec<String>, Failure> {
    let config = config(world, "cluster")?;
    let seeds = config["cluster"]
        .as_array()
        .ok_or("no cluster is configured")?;
    Ok(seeds
        .iter()
        .filter_map(|seed| Some(seed.as_str()?.to_owned()))
        .collect())
}

/// The wrapper of a component.
pub(super) struct Ours;

impl Asynchronous for Ours {
    type Caller = Keys;

    fn caller(&self, task: usize) -> Keys {
        Keys::of(task)
    }

    async fn log_recent(caller: &mut Keys) -> Result<(), Failure> {
        Ok(cluster::set(caller.next(), MESSAGE).await?)
    }
}

/// redis-rs's connection to a cluster.
pub(super) struct RedisRs(redis::cluster_async::ClusterConnection);

impl RedisRs {
    pub(super) fn connect(world: &World) -> Result<Self, Failure> {
        let nodes = nodes(world)?
            .into_iter()
            .map(|node| format!("redis://{node}"));
        let client = ClusterClient::new(nodes)?;
        Ok(Self(world.runtime.block_on(client.get_async_connection())?))
    }
}

impl Asynchronous for RedisRs {
    type Caller = (redis::cluster_async::ClusterConnection, Keys);

    fn caller(&self, task: usize) -> Self::Caller {
        (self.0.clone(), Keys::of(task))
    }

    async fn log_recent((connection, keys): &mut Self::Caller) -> Result<(), Failure> {
        Ok(set(connection, keys.next(), MESSAGE).await?)
    }
}

/// The owners of all slots, read once.
pub(super) struct Owners {
    /// The place of each slot's owner among the nodes.
    pub(super) of_slots: Arc<[usize]>,
    pub(super) nodes: Vec<redis::Client>,
}

impl Owners {
    pub(super) fn read(world: &World) -> Result<Self, Failure> {
        let names = nodes(world)?;
        let client = redis::Client::open(format!("redis://{}", names[0]))?;
        let mut ask = redis::cmd("CLUSTER");
        let ranges: Vec<(usize, usize, (String, u16))> = ask
            .arg("SLOTS")
            .query::<Vec<Vec<redis::Value>>>(&mut client.get_connection()?)?
            .into_iter()
            .map(|range| {
                let [first, last, node, ..] =
                    <[redis::Value; 3]>::try_from(range.into_iter().take(3).collect::<Vec<_>>())
                        .map_err(|_| "CLUSTER SLOTS has another form")?;
                let node: Vec<redis::Value> = redis::from_redis_value(node)?;
                let mut node = node.into_iter();
                let host = redis::from_redis_value(node.next().unwrap_or(redis::Value::Nil))?;
                let port = redis::from_redis_value(node.next().unwrap_or(redis::Value::Nil))?;
                let (first, last) = (
                    redis::from_redis_value(first)?,
                    redis::from_redis_value(last)?,
                );
                Ok::<_, Failure>((first, last, (host, port)))
            })
            .collect::<Result<_, _>>()?;
        let mut nodes = Vec::new();
        let mut owners = vec![0; SLOTS];
        for (number, (first, last, (host, port))) in ranges.into_iter().enumerate() {
            owners[first..=last].fill(number);
            nodes.push(redis::Client::open((host, port))?);
        }
        Ok(Self {
            of_slots: owners.into(),
            nodes,
        })
    }
}

/// Returns the place of the owner of a key.
pub(super) fn owner(of_slots: &[usize], key: &str) -> usize {
    of_slots[usize::from(State::<XMODEM>::calculate(key.as_bytes())) % SLOTS]
}

/// A table of slots, read once, and one connection of redis-rs to each node. It follows nothing.
pub(super) struct SlotTable {
    nodes: Arc<[MultiplexedConnection]>,
    owners: Arc<[usize]>,
}

impl SlotTable {
    pub(super) fn connect(world: &World) -> Result<Self, Failure> {
        let Owners { of_slots, nodes } = Owners::read(world)?;
        let connections = nodes
            .iter()
            .map(|node| {
                let connection = node.get_multiplexed_async_connection();
                world.runtime.block_on(connection)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            nodes: connections,
            owners: of_slots,
        })
    }
}

/// A caller of [`SlotTable`].
pub(super) struct TableCaller {
    nodes: Vec<MultiplexedConnection>,
    owners: Arc<[usize]>,
    keys: Keys,
}

impl Asynchronous for SlotTable {
    type Caller = TableCaller;

    fn caller(&self, task: usize) -> TableCaller {
        TableCaller {
            nodes: self.nodes.to_vec(),
            owners: Arc::clone(&self.owners),
            keys: Keys::of(task),
        }
    }

    async fn log_recent(caller: &mut TableCaller) -> Result<(), Failure> {
        let key = caller.keys.next();
        let node = &mut caller.nodes[owner(&caller.owners, key)];
        Ok(set(node, key, MESSAGE).await?)
    }
}

/// fred's client of a cluster.
pub(super) struct Fred(fred::prelude::Client);

impl Fred {
    pub(super) fn connect(world: &World) -> Result<Self, Failure> {
        let nodes = nodes(world)?;
        let others: Vec<String> = nodes[1..]
            .iter()
            .map(|node| format!("node={node}"))
            .collect();
        let url = format!("redis-cluster://{}?{}", nodes[0], others.join("&"));
        let client = Builder::from_config(Config::from_url(&url)?).build()?;
        // fred spawns its tasks on the runtime that it finds.
        world.runtime.block_on(async { client.init().await })?;
        Ok(Self(client))
    }
}

impl Asynchronous for Fred {
    type Caller = (fred::prelude::Client, Keys);

    fn caller(&self, task: usize) -> Self::Caller {
        (self.0.clone(), Keys::of(task))
    }

    async fn log_recent((client, keys): &mut Self::Caller) -> Result<(), Failure> {
        Ok(client.set(keys.next(), MESSAGE, None, None, false).await?)
    }
}

/// rustis's client of a cluster.
pub(super) struct Rustis(rustis::client::Client);

impl Rustis {
    pub(super) fn connect(world: &World) -> Result<Self, Failure> {
        let url = format!("redis+cluster://{}", nodes(world)?.join(","));
        let client = world
            .runtime
            .block_on(rustis::client::Client::connect(url))?;
        Ok(Self(client))
    }
}

impl Asynchronous for Rustis {
    type Caller = (rustis::client::Client, Keys);

    fn caller(&self, task: usize) -> Self::Caller {
        (self.0.clone(), Keys::of(task))
    }

    async fn log_recent((client, keys): &mut Self::Caller) -> Result<(), Failure> {
        Ok(client.set(keys.next(), MESSAGE).await?)
    }
}
