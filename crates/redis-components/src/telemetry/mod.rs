//! The reports of the runtime: `tracing` events, and metrics if the feature `metrics` is on.
//!
//! Each event of `docs/observability.md` is one function here, which emits the event and its
//! metrics together.

pub(crate) mod call;
pub(crate) mod candidate;
#[cfg(feature = "cluster")]
pub(crate) mod cluster;
pub(crate) mod component;
pub(crate) mod config_server;
pub(crate) mod contents;
#[cfg(feature = "metrics")]
pub(crate) mod gauges;
pub(crate) mod last_good;
#[cfg(feature = "metrics")]
pub(crate) mod names;
pub(crate) mod receipts;
pub(crate) mod report;
pub(crate) mod sentinels;
#[cfg(feature = "spans")]
pub(crate) mod span;
