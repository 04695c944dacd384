//! The file, and what is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entries::Entries;
#[cfg(unix)]
use super::file::ConfigFile;
#[cfg(not(unix))]
use super::no_file::ConfigFile;
use crate::config_server::config_text::ConfigText;
use crate::telemetry::last_good::{Use, cannot_be_used};

/// The last good configs of some config servers, in a file that processes may share.
#[derive(Debug)]
pub(in crate::config_server) struct Store {
    file: ConfigFile,
    /// The config servers that this process knows.
    servers: Vec<String>,
    problems: Mutex<Problems>,
}

/// Why the last attempts failed.
#[derive(Debug, Default)]
struct Problems {
    reading: Option<String>,
    saving: Option<String>,
}

impl Store {
    pub(in crate::config_server) fn new(path: PathBuf, servers: Vec<String>) -> Self {
        Self {
            file: ConfigFile::new(path),
            servers,
            problems: Mutex::default(),
        }
    }

    pub(in crate::config_server) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the path for people.
    pub(in crate::config_server) fn shown_path(&self) -> String {
        self.file.to_string()
    }

    pub(super) fn servers(&self) -> &[String] {
        &self.servers
    }

    pub(super) fn read(&self) -> Result<Entries, String> {
        self.file.read()
    }

    pub(super) fn put(&self, configs: &[(String, ConfigText)]) -> Result<(), String> {
        self.file.put(&self.servers, configs)
    }

    /// Notes how an attempt ended, and reports a failure that was not reported before.
    pub(super) fn note(&self, attempt: Use, failure: Option<String>) {
        let mut problems = self.problems();
        let known = match attempt {
            Use::Read => &mut problems.reading,
            Use::Save => &mut problems.saving,
        };
        let is_news = *known != failure;
        known.clone_from(&failure);
        drop(problems);
        if let Some(reason) = failure {
            cannot_be_used(&self.file.to_string(), attempt, &reason, is_news);
        }
    }

    /// Returns why the file cannot be used, if it cannot.
    pub(in crate::config_server) fn problem(&self) -> Option<String> {
        let problems = self.problems();
        let problem = problems.reading.as_ref().or(problems.saving.as_ref())?;
        Some(self.sentence(problem))
    }

    /// Returns why the last attempt to read the file failed, if it did.
    pub(super) fn reading_problem(&self) -> Option<String> {
        let problem = self.problems().reading.clone()?;
        Some(self.sentence(&problem))
    }

    fn sentence(&self, problem: &str) -> String {
        format!("the last-good file {} is of no use: {problem}", self.file)
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
