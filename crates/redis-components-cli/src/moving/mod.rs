//! Moving a server's data: what is seen, what that means, and the steps.

pub(crate) mod attach;
pub(crate) mod checks;
pub(crate) mod closed;
pub(crate) mod commit;
mod config_checks;
pub(crate) mod copied;
pub(crate) mod cut;
pub(crate) mod drive;
pub(crate) mod ends;
pub(crate) mod fence;
pub(crate) mod findings;
pub(crate) mod host;
pub(crate) mod lease;
pub(crate) mod link;
pub(crate) mod plan;
pub(crate) mod ready;
pub(crate) mod record;
mod replication_checks;
pub(crate) mod report;
pub(crate) mod script;
pub(crate) mod seen;
pub(crate) mod service;
pub(crate) mod settle;
pub(crate) mod sight;
pub(crate) mod state;
mod stuck;
pub(crate) mod way;
