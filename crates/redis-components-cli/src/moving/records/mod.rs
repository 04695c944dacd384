//! What a move keeps on the config server: the record, the lease, the candidate, and the commit.

pub(crate) mod commit;
pub(crate) mod copied;
pub(crate) mod lease;
pub(crate) mod left;
pub(crate) mod notes;
pub(crate) mod offer;
pub(crate) mod plan;
pub(crate) mod record;
pub(crate) mod stood;
pub(crate) mod written;
