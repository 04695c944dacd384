//! The two servers of a move: what each says, by which names they know each other, and what is sent to one of them.

pub(crate) mod addresses;
pub(crate) mod attach;
pub(crate) mod earlier;
pub(crate) mod fence;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod link;
pub(crate) mod replication;
pub(crate) mod seen;
pub(crate) mod service;
pub(crate) mod silence;
pub(crate) mod way;
