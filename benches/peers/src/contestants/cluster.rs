//! Contestants at a cluster. Each task or thread has keys of its own, which are spread over the
//! nodes.

use std::sync::{Arc, Mutex, PoisonError};

use crc16::{State, XMODEM};
use fred::prelude::{Builder, ClientLike, Config, KeysInterface};
use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterConnection};
use rustis::commands::StringCommands;

use super::kinds::config;
use super::tasks::Asynchronous;
use super::threads::Blocking;
use super::world::{MESSAGE, World};
use crate::components::{cluster, cluster_blocking};
use crate::failure::Failure;
use crate::functions::values::set;
use crate::functions::values_blocking;

const SLOTS: usize = 16_384;

/// The keys of one caller, in turn.
#[derive(Clone)]
pub(super) struct Keys {
    keys: Arc<[String]>,
    next: usize,
}

impl Keys {
    fn of(caller: usize) -> Self {
        Self {
            keys: (0..64)
                .map(|number| format!("value:{caller}:{number}"))
                .collect(),
            next: 0,
        }
    }

    fn next(&mut self) -> &str {
        self.next = (self.next + 1) % self.keys.len();
        &self.keys[self.next]
    }
}

/// Returns the nodes as `host:port`.
fn nodes(world: &World) -> Result<Vec<String>, Failure> {
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

/// A table of slots, read once, and one connection of redis-rs to each node. It follows nothing.
pub(super) struct SlotTable {
    nodes: Arc<[MultiplexedConnection]>,
    owners: Arc<[usize]>,
}

impl SlotTable {
    pub(super) fn connect(world: &World) -> Result<Self, Failure> {
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
        let mut connections = Vec::new();
        let mut owners = vec![0; SLOTS];
        for (number, (first, last, (host, port))) in ranges.into_iter().enumerate() {
            owners[first..=last].fill(number);
            let client = redis::Client::open((host, port))?;
            let connection = client.get_multiplexed_async_connection();
            connections.push(world.runtime.block_on(connection)?);
        }
        Ok(Self {
            nodes: connections.into(),
            owners: owners.into(),
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
        let slot = usize::from(State::<XMODEM>::calculate(key.as_bytes())) % SLOTS;
        let node = &mut caller.nodes[caller.owners[slot]];
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

/// The wrapper of a component, for threads.
pub(super) struct OursBlocking;

impl Blocking for OursBlocking {
    type Caller = Keys;

    fn caller(&self) -> Result<Keys, Failure> {
        Ok(Keys::of(fastrand::usize(..1000)))
    }

    fn log_recent(caller: &mut Keys) -> Result<(), Failure> {
        Ok(cluster_blocking::set(caller.next(), MESSAGE)?)
    }
}

/// One cluster connection of redis-rs for each thread, kept from slice to slice.
pub(super) struct RedisRsBlocking {
    client: ClusterClient,
    idle: Mutex<Vec<ClusterConnection>>,
}

impl RedisRsBlocking {
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

impl Blocking for RedisRsBlocking {
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
        Ok(values_blocking::set(connection, keys.next(), MESSAGE)?)
    }

    fn done(&self, (connection, _): Self::Caller) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(connection);
    }
}
