/// The choices of a build script.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The path of the runtime crate in generated code.
    pub(crate) runtime_path: String,
    /// The name of the generated file.
    pub(crate) out_file: String,
    /// The path from the workspace's root to the package, which rustc puts before paths.
    pub(crate) prefix: String,
    /// The lints that the compiler's arguments forbid.
    pub(crate) forbidden: Vec<String>,
    /// The root file of the target that includes the generated file. `None` means that the
    /// generator finds it.
    pub(crate) crate_root: Option<String>,
}
