#![forbid(unused, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
#![forbid(clippy::missing_errors_doc, rustdoc::broken_intra_doc_links)]
#![deny(warnings, missing_docs, unused_qualifications)]
//! A golden case.

pub mod functions;

include!("../expected.rs");
