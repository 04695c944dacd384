use std::path::{Path, PathBuf};

/// The result of [`Config::generate`](crate::Config::generate) for a manifest.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Output {
    source: String,
    inputs: Vec<PathBuf>,
    warnings: Vec<String>,
}

impl Output {
    pub(crate) fn new(source: String, inputs: Vec<PathBuf>, warnings: Vec<String>) -> Self {
        Self {
            source,
            inputs,
            warnings,
        }
    }

    /// Returns the text of the generated file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the files that were read, the manifest first.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.inputs.iter().map(PathBuf::as_path)
    }

    /// Returns one text per source that does not parse, whose functions are therefore missing.
    /// Listed functions that call a command which their shared connection refuses have one text
    /// each as well.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().map(String::as_str)
    }
}
