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

pub(crate) use self::changes::Change;
pub(crate) use self::info::Role;
pub(crate) use self::moves::Move;
#[cfg(feature = "top")]
pub(crate) use self::moves::Progress;
pub(crate) use self::observer::Observer;
pub(crate) use self::snapshot::{Component, ConfigServer, Problem, Server, Snapshot};
