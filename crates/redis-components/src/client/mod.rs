//! Clients of one component's server, each built from one config on one executor.

pub(crate) mod blocking;
pub(crate) mod commands;
pub(crate) mod health;
pub(crate) mod multiplexed;
pub(crate) mod waiting;
