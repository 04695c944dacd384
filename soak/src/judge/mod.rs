//! Whether what came of it is right.

mod accounts;
mod calls;
pub(crate) mod growth;
pub(crate) mod rest;
