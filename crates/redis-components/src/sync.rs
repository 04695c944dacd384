//! What the lock-free parts are made of: here the real thing; the models crate puts loom's in its place.

pub(crate) use std::sync::atomic;
