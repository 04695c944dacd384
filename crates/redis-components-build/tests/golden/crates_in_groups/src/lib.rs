#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions {
    //! Written by hand.
    pub mod crates_in_groups;
    /// A type of the parent.
    #[derive(Debug)]
    pub struct Shared;
}

include!("../expected.rs");
