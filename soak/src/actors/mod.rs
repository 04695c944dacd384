//! The actors: callers, an operator that moves components, and injectors of faults.

pub(crate) mod caller;
pub(crate) mod callers;
pub(crate) mod injector;
pub(crate) mod operator;
pub(crate) mod stall_watcher;
