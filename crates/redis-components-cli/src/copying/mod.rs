//! Moving data by a copying program, where replication cannot: into a cluster, out of one, and from
//! servers that refuse `REPLICAOF`.

pub(crate) mod checks;
pub(crate) mod compare;
pub(crate) mod drive;
pub(crate) mod ends;
pub(crate) mod fence;
mod give_back;
pub(crate) mod plan;
pub(crate) mod program;
pub(crate) mod side;
pub(crate) mod sight;
mod slots;
mod values;
