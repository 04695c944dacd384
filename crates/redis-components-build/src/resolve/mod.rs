//! What a path stands for.

pub(crate) mod globs;
pub(crate) mod hidden;
pub(crate) mod local;
pub(crate) mod public;
pub(crate) mod resolver;
pub(crate) mod target;
