//! How fast redis-components is, beside what a user would pick instead: `cargo xtask bench`.
//!
//! All contestants take turns, in short slices and an order that changes from round to round, so
//! that what disturbs one disturbs the others; ratios are taken within rounds.
//! `docs/performance.md` says what is measured and why.

pub mod components;
mod contestants;
mod declared;
mod failure;
pub mod functions;
pub mod heap;
mod machine;
mod measure;
mod names;
mod options;
mod plan;
mod process;
mod progress;
mod report;
mod rounds;
mod run;
mod servers;
mod statistics;
mod subject;
mod worker;

pub use self::declared::components as declared_components;
pub use self::run::run;
