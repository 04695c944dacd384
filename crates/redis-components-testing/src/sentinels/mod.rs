//! Redis Sentinel.

pub(crate) mod options;
#[allow(
    clippy::module_inception,
    reason = "a file holds one concept, and this is the set itself"
)]
pub(crate) mod sentinels;
mod start;
