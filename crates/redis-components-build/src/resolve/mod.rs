//! The items that paths stand for.

pub(crate) mod answers;
pub(crate) mod hidden;
pub(crate) mod local;
pub(crate) mod meaning;
pub(crate) mod public;
pub(crate) mod resolver;
