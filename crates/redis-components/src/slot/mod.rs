//! A component's place in this process: the config in force and the clients built from it.

pub(crate) mod acquire;
mod attempt;
mod breaker;
pub(crate) mod candidate;
mod circuit;
mod digests;
mod errors;
pub(crate) mod executor;
#[cfg(feature = "metrics")]
mod gauges;
mod generations;
mod idle;
pub(crate) mod published;
mod receipt;
mod renewal;
pub(crate) mod retire;
mod retired;
#[cfg(feature = "metrics")]
mod shown;
#[expect(clippy::module_inception, reason = "the others are its parts")]
mod slot;
mod start;

pub(crate) use self::slot::Slot;
