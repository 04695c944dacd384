//! Whether files have changed since they were read.

use std::fs::{Metadata, metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::transport::file_gate::alone;

/// A file that has not changed for this long, and then is read, cannot change without another
/// stamp: file systems have a coarse clock, and some count whole seconds.
const SETTLES_AFTER: Duration = Duration::from_secs(2);

/// What tells one state of a file from the next. Links are followed, so that a link that is moved
/// to another file is a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    #[cfg(unix)]
    inode: (u64, u64),
    size: u64,
    modified: Option<SystemTime>,
    /// When the file or its attributes changed, which nobody can set.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl Stamp {
    /// Returns the stamp of a file, or `None` if there is none, or another thread is at it and
    /// does not come back. This blocks.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = alone(path, || metadata(path));
        found.ok().map(|found| Self::new(&found))
    }

    #[cfg(unix)]
    fn new(found: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            inode: (found.dev(), found.ino()),
            size: found.len(),
            modified: found.modified().ok(),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn new(found: &Metadata) -> Self {
        Self {
            size: found.len(),
            modified: found.modified().ok(),
        }
    }

    /// Returns `true` if a change after `now` gives the file another stamp.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let age = |time: Option<SystemTime>| now.duration_since(time?).ok();
        age(self.newest()).is_some_and(|age| age >= SETTLES_AFTER)
    }

    #[cfg(unix)]
    fn newest(&self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.changed.0).ok()?;
        let changed = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds + 1));
        self.modified.max(changed)
    }

    #[cfg(not(unix))]
    fn newest(&self) -> Option<SystemTime> {
        self.modified
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::{SETTLES_AFTER, Stamp};

    #[test]
    fn each_way_to_change_a_file_gives_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(Stamp::of(&path), None);
        fs::write(&path, "1").unwrap();
        let written = Stamp::of(&path);
        assert_eq!(Stamp::of(&path), written);
        fs::write(&path, "22").unwrap();
        assert_ne!(Stamp::of(&path), written);
        let longer = Stamp::of(&path);
        let other = folder.path().join("y");
        fs::write(&other, "33").unwrap();
        fs::rename(&other, &path).unwrap();
        assert_ne!(Stamp::of(&path), longer);
    }

    #[test]
    fn a_file_that_has_just_changed_may_change_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "1").unwrap();
        let stamp = Stamp::of(&path).unwrap();
        let now = SystemTime::now();
        assert!(!stamp.is_settled(now));
        assert!(stamp.is_settled(now + SETTLES_AFTER + Duration::from_secs(1)));
        // A clock that went back says nothing.
        assert!(!stamp.is_settled(now - Duration::from_secs(3600)));
    }
}
