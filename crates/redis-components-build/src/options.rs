/// What a build script can choose.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The path of the runtime crate in generated code.
    pub(crate) runtime_path: String,
    /// The name of the generated file.
    pub(crate) out_file: String,
    /// The way from the workspace's root to the package, as rustc puts it before paths.
    pub(crate) prefix: String,
    /// The lints that the compiler's arguments forbid.
    pub(crate) forbidden: Vec<String>,
    /// The root file of the target that includes the generated file, if it is not to be found out.
    pub(crate) crate_root: Option<String>,
}
