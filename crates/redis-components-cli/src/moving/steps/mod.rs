//! The steps of a move, and who takes them one after the other.

pub(crate) mod cut;
pub(crate) mod drive;
pub(crate) mod drive_cut;
pub(crate) mod ends;
pub(crate) mod fence;
pub(crate) mod ready;
pub(crate) mod script;
pub(crate) mod settle;
