//! Where a move stands: what was seen of both servers and the configs, and what that means.

pub(crate) mod closed;
pub(crate) mod others;
pub(crate) mod sight;
pub(crate) mod state;
pub(crate) mod stuck;
pub(crate) mod unseen;
