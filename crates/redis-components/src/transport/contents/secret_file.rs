//! Opening and reading a file that holds a secret, a certificate or a key.
//!
//! Whether it is a file, and one that may be read, is decided on the file that was opened: between a
//! look at a path and its use, somebody else may put something else there.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The longest file that is read, in bytes.
pub(super) const LONGEST: u64 = 1024 * 1024;
/// How often a path is followed that changes meanwhile, as Kubernetes changes its mounts.
const TRIES: usize = 3;

/// What was found at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Content(Vec<u8>),
    TooLong,
    /// The path without links is not allowed.
    Forbidden,
}

/// Reads the file at `path`, behind all links.
pub(super) fn read(path: &Path) -> io::Result<Found> {
    contents_of(open(path)?)
}

/// Does the same as [`read`] if the path without links is allowed.
pub(super) fn read_if(path: &Path, is_allowed: impl Fn(&Path) -> bool) -> io::Result<Found> {
    let mut tries = 1;
    loop {
        let real = path.canonicalize()?;
        if !is_allowed(&real) {
            return Ok(Found::Forbidden);
        }
        match open_without_links(&real) {
            // Something on the path has changed since it was followed.
            Err(_) if tries < TRIES => tries += 1,
            opened => return contents_of(opened?),
        }
    }
}

fn contents_of(file: File) -> io::Result<Found> {
    // A pipe would be waited for.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content)?;
    let fits = u64::try_from(content.len()).is_ok_and(|length| length <= LONGEST);
    Ok(if fits {
        Found::Content(content)
    } else {
        Found::TooLong
    })
}

#[cfg(unix)]
mod opened {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::{Component, Path};

    use nix::errno::Errno;
    use nix::fcntl::{self, OFlag};
    use nix::sys::stat::Mode;

    /// Without waiting for somebody who writes to a pipe, and without making a terminal ours.
    const FILE: OFlag = OFlag::O_RDONLY
        .union(OFlag::O_NONBLOCK)
        .union(OFlag::O_NOCTTY)
        .union(OFlag::O_CLOEXEC);
    /// To go on from there: nothing in it is read.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const FOLDER: OFlag = OFlag::O_PATH
        .union(OFlag::O_DIRECTORY)
        .union(OFlag::O_CLOEXEC);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const FOLDER: OFlag = OFlag::O_RDONLY
        .union(OFlag::O_DIRECTORY)
        .union(OFlag::O_CLOEXEC);

    pub(in crate::transport) fn open(path: &Path) -> io::Result<File> {
        Ok(fcntl::open(path, FILE, Mode::empty())?.into())
    }

    /// Opens a path step by step, and follows no link: what is opened lies where the path says.
    pub(in crate::transport) fn open_without_links(path: &Path) -> io::Result<File> {
        let mut folder = fcntl::open("/", FOLDER, Mode::empty())?;
        let mut names = path.components().peekable();
        while let Some(name) = names.next() {
            let Component::Normal(name) = name else {
                continue;
            };
            let is_last = names.peek().is_none();
            let flags = if is_last { FILE } else { FOLDER } | OFlag::O_NOFOLLOW;
            let next: OwnedFd = fcntl::openat(&folder, name, flags, Mode::empty())?;
            if is_last {
                return Ok(next.into());
            }
            folder = next;
        }
        Err(Errno::EISDIR.into())
    }
}

#[cfg(not(unix))]
mod opened {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(in crate::transport) fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub(in crate::transport) fn open_without_links(path: &Path) -> io::Result<File> {
        File::open(path)
    }
}

use self::opened::{open, open_without_links};

#[cfg(test)]
mod tests;
