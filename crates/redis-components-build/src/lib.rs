//! Build script library of [redis-components](https://docs.rs/redis-components).
//!
//! An application lists its Redis *components* and their functions in `components.toml`. From a
//! build script, this crate reads that manifest and the functions' own source, and writes one typed
//! module per component. The module has an accessor for the component's connection, and a wrapper
//! for every listed function, without the connection argument.
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
//! The generated modules stand at the place of the include, which may be inside of a module. A
//! crate can have several manifests. Give each its own file name with [`Config::out_file`], and
//! include it by that name in its own module: `redis_components::include_components!("redis.rs")`.
//! Components with the same name and config server share one client, also across manifests and
//! across the crates of a program.
//!
//! After that, `logs::log_recent("main", "User 235 logged in").await?` finds its connection itself.
//!
//! # Reading an error
//!
//! Mistakes are build errors in the compiler's own format. The first place is the place of the
//! mistake, usually in `components.toml`. The lines after it say why and what to do. One run
//! reports all mistakes.
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
//! An error here stops the build before the compiler runs, and cargo prints only the report. An
//! editor shows that report under the build script's name, if at all, and not at the place in
//! `components.toml`. Without a result of the build script, an editor may know none of the
//! generated names, and underline every call of them. In that case, read the build script's report
//! first, in the editor's log or with `cargo check`.
//!
//! To report in another way, for example to go on with other work first, use the returned error:
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
//! Cargo runs the build script again if one of these files has changed, and for nothing else:
//!
//! - the manifest and `Cargo.toml`
//! - the source files with listed functions
//! - the files of the modules around them (`src/lib.rs`, `src/functions/mod.rs`)
//! - the files that were read for imports and re-exports
//!
//! A build script with other inputs has to name them itself, with `cargo::rerun-if-changed`,
//! because any such line switches off cargo's default.
//!
//! An editor runs build scripts again when you save a Rust file. After a change of
//! `components.toml`, save a Rust file too.
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

/// The JSON Schema of a manifest, for editors: the values that the parser accepts, with a
/// description of each key.
pub const SCHEMA: &str = include_str!("../components.schema.json");

/// Generates `$OUT_DIR/components.rs` from a manifest and reports to cargo.
///
/// Most build scripts need no more. `manifest` is relative to the package, as are the sources that
/// it names. Mistakes become build errors before this returns, so a build script can go on to other
/// work. [`Config::compile`] returns them instead.
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
