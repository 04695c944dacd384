//! Build script library of [redis-components](https://docs.rs/redis-components).
//!
//! An application lists its Redis *components* and their functions in `components.toml`. From a
//! build script, this crate reads that manifest and the functions' own source, and writes one typed
//! module per component: an accessor for its connection, and a wrapper for every listed function
//! with the connection argument gone.
//!
//! # Setting it up
//!
//! ```toml
//! # Cargo.toml
//! [dependencies]
//! redis-components = "0.1"
//!
//! [build-dependencies]
//! redis-components-build = "0.1"
//! ```
//!
//! ```toml
//! # components.toml
//! [components.logs]
//! doc = "Recent and common log messages."
//! source = "src/functions/logs.rs"
//! functions = ["log_recent"]
//! wait = "1s"
//! ```
//!
//! ```no_run
//! // build.rs
//! fn main() {
//!     redis_components_build::compile("components.toml");
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs
//! pub mod functions;
//! redis_components::include_components!();
//! ```
//!
//! The generated modules stand where they are included, which may be inside of a module as well. A
//! crate can have several manifests: give each a name of its own with [`Config::out_file`], and include
//! it by that name, `redis_components::include_components!("redis.rs")`, in a module of its own.
//! Components of the same name and config server share one client, whichever manifests list them, in
//! one crate or in several of a program.
//!
//! After that, `logs::log_recent("main", "User 235 logged in").await?` finds its connection itself.
//!
//! # Reading an error
//!
//! Mistakes are build errors in the compiler's own format. The first place is where to look, usually
//! in `components.toml`; what follows says why and what to do. All mistakes are reported in one run.
//!
//! ```text
//! error: cannot find function `log_recnt` in `src/functions/logs.rs`
//!  --> components.toml:4:14
//!   |
//! 3 | source = "src/functions/logs.rs"
//!   |          ----------------------- searched in this file
//! 4 | functions = ["log_recnt"]
//!   |              ^^^^^^^^^^^ not found
//!   |
//! help: a function with a similar name exists
//!  --> src/functions/logs.rs:3:14
//!   |
//! 3 | pub async fn log_recent(
//!   |              ----------
//! ```
//!
//! A source file that does not parse is not an error of the generator: rustc reports it better. The
//! last generated file stays as it is, and a warning says so.
//!
//! # Errors and editors
//!
//! An error here stops the build before the compiler runs, cleanly: what cargo prints is the report and
//! nothing else. An editor shows that report under the build script's name, if at all, and not at the
//! place that it points to. As there is then no result of the build script, an editor may know none of
//! the generated names until the error is mended, and underline every call of them: look at the build
//! script's report first, in the editor's log or with `cargo check`.
//!
//! To report in another way, for example to go on with other work first, take the error instead:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), redis_components_build::Error> {
//!     // Both are tried, and the first error ends the build with the report as its text.
//!     let logs = redis_components_build::Config::new().compile("components.toml");
//!     let jobs = redis_components_build::Config::new()
//!         .out_file("jobs.rs")
//!         .compile("jobs.toml");
//!     logs.and(jobs)
//! }
//! ```
//!
//! # What is read, and when it runs again
//!
//! Cargo runs the build script again when the manifest, a source file with listed functions, the file of
//! a module around one (`src/lib.rs`, `src/functions/mod.rs`), a file that was looked into for imports and
//! re-exports, or `Cargo.toml` has changed, and for nothing else. A build script with other inputs has to
//! name them itself, with `cargo::rerun-if-changed`, because naming any switches off cargo's default.
//!
//! An editor runs build scripts again when a Rust file is saved: after a change of `components.toml`,
//! save one.
//!
#![doc = include_str!("../manifest.md")]
// The build script is the example.
#![allow(clippy::needless_doctest_main)]

mod attributes;
mod cargo;
mod carry;
mod config;
mod diagnostics;
mod emit;
mod error;
mod features;
mod files;
mod find;
mod generate;
mod lints;
mod manifest;
mod module_path;
mod modules;
mod nearest;
mod nodes;
mod options;
mod output;
mod package;
mod resolve;
mod rewrite;
mod runtime;
mod signature;
mod source;
mod syntax;

pub use config::Config;
pub use error::Error;
pub use output::Output;

use std::path::Path;

/// The JSON Schema of a manifest, for editors: what the parser takes, with a description of each key.
pub const SCHEMA: &str = include_str!("../components.schema.json");

/// Generates `$OUT_DIR/components.rs` from a manifest and reports to cargo.
///
/// Most build scripts need no more. `manifest` is relative to the package, as are the
/// sources that it names. Mistakes are handed to cargo as build errors before this returns, so a
/// build script can go on to other work; [`Config::compile`] returns them instead.
///
/// # Examples
///
/// ```no_run
/// redis_components_build::compile("components.toml");
/// ```
pub fn compile(manifest: impl AsRef<Path>) {
    if let Err(error) = Config::new().compile(manifest) {
        cargo::report(&error);
    }
}
