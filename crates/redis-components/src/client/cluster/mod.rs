//! The client of a Redis cluster: a router over the clients of its nodes.

pub(crate) mod address;
pub(crate) mod hash_slot;
mod join;
mod keys;
pub(crate) mod plan;
pub(crate) mod redirect;
pub(crate) mod route;
pub(crate) mod slot_table;
mod topology;
pub(crate) mod transaction;
