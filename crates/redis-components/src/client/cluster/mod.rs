//! The client of a Redis cluster: a router over the clients of its nodes.

mod address;
mod ask;
pub(crate) mod asynchronous;
pub(crate) mod blocking;
mod coverage;
pub(crate) mod dedicated;
mod gate;
#[cfg(test)]
mod generated;
mod hash_slot;
mod join;
mod keys;
pub(crate) mod lease;
mod lease_pipeline;
mod lease_send;
mod lease_session;
mod lease_transact;
mod lifetime;
mod map;
pub(crate) mod maps;
mod member;
mod members;
mod node_number;
mod order;
mod plan;
mod redirect;
mod refresh;
mod rounds;
pub(crate) mod route;
mod send;
mod slot_table;
mod topology;
mod transact;
pub(crate) mod transaction;
mod whole;
