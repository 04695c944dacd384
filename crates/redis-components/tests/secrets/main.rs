//! Secrets that are not in the config: where they may stand, and what happens when they change.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[cfg(feature = "tls")]
mod certificates;
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "a part of it is for others")]
#[path = "../events/log.rs"]
mod log;
mod places;
mod providers;
mod rotation;
mod secret_file;
mod unusable;

use redis_components::status;

/// The generation in force of the only component.
pub(crate) fn generation() -> u64 {
    let components = status().components;
    components[0].current.as_ref().unwrap().generation
}

/// Why the newest config of the only component is not in force.
pub(crate) fn problem() -> Option<String> {
    status().components.remove(0).problem
}
