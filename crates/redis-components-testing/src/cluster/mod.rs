//! Redis Cluster.

#[allow(
    clippy::module_inception,
    reason = "a file holds one concept, and this is the cluster"
)]
pub(crate) mod cluster;
mod form;
mod members;
pub(crate) mod migration;
mod node;
pub(crate) mod options;
mod start;
mod view;
