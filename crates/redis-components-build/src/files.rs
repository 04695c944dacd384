//! How the generator reads files: through a trait, so that its core does not touch the file system.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Reads files of the package by their path relative to it.
pub(crate) trait Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    fn exists(&self, path: &Path) -> bool;

    /// Returns the names in a directory, sorted. Returns none if it cannot be read.
    fn names(&self, directory: &Path) -> Vec<String>;
}

/// Returns the directory of a file. It is empty for the package's own directory.
pub(crate) fn directory_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Joins a path to a directory, and resolves `.` and `..`. Returns `None` if the path leaves the
/// package.
pub(crate) fn joined(directory: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The package's directory on disk.
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn new(root: PathBuf) -> Self {
        // An empty path means the current directory only if another path is joined to it.
        let root = if root.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            root
        };
        Self { root }
    }
}

impl Files for Directory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.root.join(path))
    }

    fn exists(&self, path: &Path) -> bool {
        self.root.join(path).is_file()
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join(directory));
        let entries = entries.into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// Remembers what was read, for cargo's `rerun-if-changed`.
pub(crate) struct Recorder<'a> {
    files: &'a dyn Files,
    read: RefCell<Vec<PathBuf>>,
    known: RefCell<BTreeSet<OsString>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            read: RefCell::default(),
            known: RefCell::default(),
        }
    }

    pub(crate) fn into_paths(self) -> Vec<PathBuf> {
        self.read.into_inner()
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // The record comes before the read, because a file that appears later has to run the build
        // script again.
        if self.known.borrow_mut().insert(path.as_os_str().to_owned()) {
            self.read.borrow_mut().push(path.to_owned());
        }
        self.files.read(path)
    }

    // A record of a file that is not there would run the build script on each build.
    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.files.names(directory)
    }
}
