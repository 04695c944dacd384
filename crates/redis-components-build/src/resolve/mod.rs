//! What a path stands for.

pub(crate) mod hidden;
pub(crate) mod local;
pub(crate) mod public;
pub(crate) mod resolver;
