//! Types for the crate.

/// For the crate alone.
#[derive(Debug)]
pub(crate) struct OfCrate;
