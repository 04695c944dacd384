//! Clients of one component's server, each built from one config on one executor.

pub(crate) mod asynchronous;
pub(crate) mod blocking;
#[cfg(feature = "cluster")]
pub(crate) mod cluster;
pub(crate) mod commands;
pub(crate) mod health;
pub(crate) mod lines;
pub(crate) mod moves;
pub(crate) mod multiplexed;
#[cfg(not(feature = "cluster"))]
pub(crate) mod no_cluster;
pub(crate) mod opening;
pub(crate) mod packed;
mod patience;
pub(crate) mod reads;
pub(crate) mod threads;
pub(crate) mod waiting;

#[cfg(not(feature = "cluster"))]
pub(crate) use self::no_cluster as cluster;
