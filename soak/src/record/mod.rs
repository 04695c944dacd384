//! A record of all changes, faults and calls.

pub(crate) mod class;
pub(crate) mod effect;
pub(crate) mod elements;
pub(crate) mod faults;
pub(crate) mod history;
pub(crate) mod journal;
pub(crate) mod ledger;
pub(crate) mod stall_watch;
pub(crate) mod tally;
pub(crate) mod times;
