#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
#![allow(non_snake_case)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions {
    //! Written by hand.
    pub mod any;
}

include!("../expected.rs");
