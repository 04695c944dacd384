//! Clients of one component's server, each built from one config on one executor.

mod failure;
mod health;
mod line;
mod multiplexed;
mod open;
mod open_blocking;
mod pool;
mod pooled;
mod session;
mod timeouts;
mod wire;

pub(crate) use self::failure::{Cause, Failure};
pub(crate) use self::health::Answer;
pub(crate) use self::multiplexed::Multiplexed;
pub(crate) use self::open::{connect, open};
pub(crate) use self::pool::{Exhausted, Pool};
pub(crate) use self::pooled::Pooled;
pub(crate) use self::timeouts::Timeouts;
