//! What is looked at before anything changes, and again right before the cut.

pub(crate) mod announced;
pub(crate) mod checks;
pub(crate) mod commands;
pub(crate) mod config_role;
pub(crate) mod config_server;
pub(crate) mod fence;
pub(crate) mod findings;
pub(crate) mod logins;
pub(crate) mod options;
pub(crate) mod target;
