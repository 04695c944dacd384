use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::Directory;
use crate::options::Options;
use crate::output::Output;
use crate::{cargo, generate};

/// Options of the generator. [`compile`](crate::compile) is enough for the default options.
///
/// # Examples
///
/// ```no_run
/// fn main() -> Result<(), redis_components_build::Error> {
///     redis_components_build::Config::new()
///         .out_file("redis.rs")
///         .compile("components.toml")
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Config {
    options: Options,
}

impl Config {
    /// Returns the default options.
    pub fn new() -> Self {
        Self {
            options: Options {
                runtime_path: "::redis_components".to_owned(),
                out_file: "components.rs".to_owned(),
                prefix: String::new(),
                forbidden: Vec::new(),
                crate_root: None,
            },
        }
    }

    /// Sets the path of the runtime crate in generated code, for a crate that renames or re-exports
    /// it. The default is `::redis_components`.
    pub fn runtime_path(mut self, path: impl Into<String>) -> Self {
        self.options.runtime_path = path.into();
        self
    }

    /// Sets the name of the generated file in `OUT_DIR`. The default is `components.rs`, which is
    /// what `include_components!()` includes.
    pub fn out_file(mut self, name: impl Into<String>) -> Self {
        self.options.out_file = name.into();
        self
    }

    /// Sets the root file of the target that includes the generated file, relative to the package:
    /// `src/main.rs`, `tests/it.rs`.
    ///
    /// By default this is the first of the package's targets whose root, or a module in it, has
    /// `include_components!` with the name of the file. The order is: the library, then binaries,
    /// examples, tests and benchmarks. Set it if a target includes the file in another way, for
    /// example through a macro.
    pub fn crate_root(mut self, file: impl Into<String>) -> Self {
        self.options.crate_root = Some(file.into());
        self
    }

    /// Generates the file into cargo's `OUT_DIR`, from a build script.
    ///
    /// `manifest` and the sources that it names are relative to the package. Prints the files that
    /// cargo has to watch, and writes the file only if the text has changed.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with the manifest and the functions it lists. The previous
    /// generated file stays as it is.
    pub fn compile(&self, manifest: impl AsRef<Path>) -> Result<(), Error> {
        cargo::compile(&self.options, manifest.as_ref())
    }

    /// Returns the generated text, without cargo: prints nothing, writes nothing, and reads nothing
    /// from the environment.
    ///
    /// The sources are relative to the manifest's directory.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with the manifest and the functions it lists.
    pub fn generate(&self, manifest: impl AsRef<Path>) -> Result<Output, Error> {
        let manifest = manifest.as_ref();
        let root = manifest.parent().map(PathBuf::from).unwrap_or_default();
        let name = manifest.file_name().map(PathBuf::from).unwrap_or_default();
        generate::generate(&self.options, &name, &Directory::new(root)).into_result()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
