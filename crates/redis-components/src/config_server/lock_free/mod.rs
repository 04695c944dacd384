//! The parts of the watch that callers read without a lock. They use only the clock and
//! `crate::sync`, so that the models crate can include these files and run them in every
//! interleaving.

pub(crate) mod invalidations;
pub(crate) mod proof;
pub(crate) mod reads;
