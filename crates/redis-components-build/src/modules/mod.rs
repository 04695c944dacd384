//! The modules of the crate, and the code that may name them.

pub(crate) mod clashes;
pub(crate) mod include;
pub(crate) mod place;
pub(crate) mod root;
pub(crate) mod scope;
pub(crate) mod sources;
pub(crate) mod visible;
