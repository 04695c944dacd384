//! One file for each command.

pub(crate) mod canary;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod doctor;
mod doctor_fleet;
mod doctor_rights;
mod dry_run;
mod fail_over;
pub(crate) mod fleet;
pub(crate) mod get;
pub(crate) mod history;
#[cfg(any(feature = "serve", feature = "top"))]
mod interval;
pub(crate) mod list;
mod other_data;
mod probe_first;
pub(crate) mod relocate;
mod relocate_copy;
mod relocate_copy_dry_run;
mod relocate_dry_run;
mod relocate_end;
mod relocate_followed;
pub(crate) mod relocate_options;
pub(crate) mod rollback;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod set;
#[cfg(feature = "top")]
pub(crate) mod top;
pub(crate) mod wait;
pub(crate) mod watch;
pub(crate) mod who;
mod writing;
