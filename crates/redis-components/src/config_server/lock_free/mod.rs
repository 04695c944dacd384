//! The parts of the watch that callers read without a lock. They know the clock and `crate::sync` only, so that the models
//! crate can include these files and run them in every interleaving.

pub(crate) mod invalidations;
pub(crate) mod proof;
pub(crate) mod reads;
