//! The benchmark `cargo xtask bench`: redis-components beside its alternatives.
//!
//! All contestants take turns, in short slices and in an order that changes from round to round. A
//! disturbance of one then disturbs the others too, and ratios are taken within rounds.
//! `docs/performance.md` explains each measurement.

pub mod components;
mod contestants;
mod declared;
mod failure;
mod file_limit;
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
