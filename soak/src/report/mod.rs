//! The output during the soak and at its end.

pub(crate) mod live;
pub(crate) mod summary;
pub(crate) mod usage;
