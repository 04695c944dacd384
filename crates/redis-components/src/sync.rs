//! The atomics and locks of the parts that models run. The models crate puts loom's in their place.

pub(crate) use std::sync::{Condvar, Mutex, atomic};
