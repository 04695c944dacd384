//! The processes that use components: what they report, and which ones say nothing.

pub(crate) mod canary;
pub(crate) mod census;
pub(crate) mod control;
pub(crate) mod counts;
pub(crate) mod follow;
mod index;
pub(crate) mod listening;
pub(crate) mod owners;
mod progress;
pub(crate) mod receipt_reader;
pub(crate) mod receipts;
pub(crate) mod row;
pub(crate) mod silent;
pub(crate) mod standing;
mod unique;
