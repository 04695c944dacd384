//! What is shown, while it happens and at the end.

pub(crate) mod live;
pub(crate) mod summary;
pub(crate) mod usage;
