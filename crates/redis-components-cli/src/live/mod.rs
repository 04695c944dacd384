//! What happens now: components, their servers, the processes that use them, and moves.
//!
//! It is data only. `top` draws it and `serve` sends it.

mod changes;
mod configs;
mod endpoint;
mod info;
mod known;
mod moves;
mod nodes;
mod observer;
mod reader;
mod snapshot;

pub(crate) use self::observer::Observer;
pub(crate) use self::snapshot::Snapshot;
#[cfg(feature = "top")]
pub(crate) use self::{
    changes::Change,
    info::Role,
    moves::{Move, Progress},
    snapshot::{Component, ConfigServer, Problem, Server},
};
