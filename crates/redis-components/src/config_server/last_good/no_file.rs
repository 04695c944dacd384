//! Where there are no permissions of Unix, nothing says who may read the file.

use std::fmt;
use std::path::{Path, PathBuf};

use super::entries::Entries;
use crate::config_server::config_text::ConfigText;
use crate::error::text::printable;

const REFUSED: &str =
    "this system has no permissions of Unix, which keep passwords in it from others";

/// The file at a path.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
}

impl ConfigFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> Result<Entries, String> {
        Err(REFUSED.to_owned())
    }

    pub(super) fn put(&self, _: &[String], _: &[(String, ConfigText)]) -> Result<(), String> {
        Err(REFUSED.to_owned())
    }
}

impl fmt::Display for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.path.to_string_lossy()))
    }
}
