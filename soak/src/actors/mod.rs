//! Those who act: callers, an operator who moves components, and an injector of faults.

pub(crate) mod caller;
pub(crate) mod callers;
pub(crate) mod injector;
pub(crate) mod operator;
pub(crate) mod stall_watcher;
