//! The atomics of the lock-free parts. The models crate puts loom's in their place.

pub(crate) use std::sync::atomic;
