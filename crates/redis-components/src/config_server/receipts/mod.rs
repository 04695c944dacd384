//! The receipt of this process on one config server: what each component runs, and why.

pub(crate) mod identity;
pub(crate) mod report;
mod request;
pub(super) mod timing;
pub(super) mod writer;
mod written;
