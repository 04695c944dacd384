//! Judges calls and rests.

mod accounts;
mod calls;
pub(crate) mod growth;
pub(crate) mod rest;
