#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
mod functions {
    //! Written by hand.
    pub(crate) mod exported_lints;
    pub(crate) mod model;
}

include!("../expected.rs");
