//! How the generator reads: through a trait, so that its core touches no file system.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

/// Reads files of the package by their path relative to it.
pub(crate) trait Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    fn exists(&self, path: &Path) -> bool;
}

/// The package's directory on disk.
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn new(root: PathBuf) -> Self {
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
}

/// Remembers what was read, for cargo's `rerun-if-changed`.
pub(crate) struct Recorder<'a> {
    files: &'a dyn Files,
    read: RefCell<Vec<PathBuf>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            read: RefCell::default(),
        }
    }

    pub(crate) fn into_paths(self) -> Vec<PathBuf> {
        self.read.into_inner()
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // Recorded before it is read: a file that appears later has to run the build script again.
        self.read.borrow_mut().push(path.to_owned());
        self.files.read(path)
    }

    // Not recorded: cargo would run the build script for ever for a file that is not there.
    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }
}
