//! The listed functions.

pub(crate) mod found;
pub(crate) mod listed;
pub(crate) mod missing;
