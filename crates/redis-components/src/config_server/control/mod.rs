//! The control key of a fleet: `<key-prefix>@fleet`.

pub(super) mod canary;
pub(super) mod control_key;
#[cfg(test)]
mod corpus;
pub(crate) mod offers;
pub(super) mod prepared;
pub(super) mod reading;
