//! Clients of one component's server, each built from one config on one executor.

mod driver;
mod failure;
mod health;
mod line;
mod multiplexed;
mod open;
mod open_blocking;
mod patience;
mod pool;
mod pooled;
mod session;
mod shared;
mod timeouts;
mod traffic;
mod wire;

pub(crate) use self::failure::{Cause, Failure, HungUp};
pub(crate) use self::health::{EarlyEnd, TOO_YOUNG};
pub(crate) use self::line::{GRACE, Line};
pub(crate) use self::multiplexed::Multiplexed;
pub(crate) use self::open::{connect, open};
pub(crate) use self::pool::{Exhausted, Pool};
pub(crate) use self::pooled::Pooled;
pub(crate) use self::shared::Shared;
pub(crate) use self::timeouts::Timeouts;
