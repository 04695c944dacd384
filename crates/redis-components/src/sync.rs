//! The atomics, locks and threads of the parts that models run. The models crate puts loom's in their place.

pub(crate) use std::sync::{Mutex, atomic};
pub(crate) use std::thread;
