use std::path::{Path, PathBuf};

/// What [`Config::generate`](crate::Config::generate) made of a manifest.
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

    /// Returns one text per source that does not parse, and whose functions are therefore missing, and one
    /// per listed function that calls a command which its shared connection refuses.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().map(String::as_str)
    }
}
