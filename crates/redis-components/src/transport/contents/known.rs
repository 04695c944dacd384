//! What was read, and whether it has to be read again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::read::{Read, read};
use super::sources::{Sources, Wanted};
use super::stamp::Stamp;
use crate::backoff::Backoff;
use crate::config::contents::Contents;
use crate::config::needs::Needed;
use crate::config::reference::Reference;
use crate::transport::failure::Failure;

/// How often files are read that change meanwhile.
const TRIES: usize = 3;
/// The longest pause before a provider that gives no login is asked again.
const ASKED_AGAIN_WITHIN: Duration = Duration::from_secs(5);

/// What was read last.
#[derive(Debug)]
pub(super) struct Known {
    needs: Vec<Needed>,
    sources: Arc<Sources>,
    /// The stamps of the files before they were read.
    stamps: Vec<Option<Stamp>>,
    last: Option<Arc<Contents>>,
    /// Whether every change since then shows in the stamps.
    is_settled: bool,
    /// When to look again, whatever files say.
    again_at: Option<Instant>,
    backoff: Backoff,
}

impl Known {
    pub(super) fn new(needs: Vec<Needed>, sources: Arc<Sources>) -> Self {
        Self {
            needs,
            sources,
            stamps: Vec::new(),
            last: None,
            is_settled: false,
            again_at: None,
            backoff: Backoff::new(ASKED_AGAIN_WITHIN),
        }
    }

    /// Returns when to look again at the latest. `None` if nothing changes by itself.
    pub(super) fn again_at(&self) -> Option<Instant> {
        self.again_at
    }

    /// Returns what is there now. Files are read if they may have changed, or if `is_forced`. This
    /// blocks.
    ///
    /// # Errors
    ///
    /// Returns an error that names the field if something cannot be used.
    pub(super) fn look(&mut self, is_forced: bool) -> Result<Arc<Contents>, Failure> {
        let looked = self.look_at_all(is_forced);
        match &looked {
            Ok(_) => self.backoff = Backoff::new(ASKED_AGAIN_WITHIN),
            Err(_) => {
                let has_providers = self.needs.iter().any(is_of_a_provider);
                let again_at = || Instant::now() + self.backoff.next();
                self.again_at = has_providers.then(again_at);
            }
        }
        looked
    }

    fn look_at_all(&mut self, is_forced: bool) -> Result<Arc<Contents>, Failure> {
        let is_due = self.again_at.is_some_and(|due| due <= Instant::now());
        let mut stamps = self.stamps_now();
        if let Some(last) = &self.last
            && self.is_settled
            && !is_forced
            && !is_due
            && stamps == self.stamps
        {
            return Ok(Arc::clone(last));
        }
        self.is_settled = false;
        // A login that was given for the first try is as good for the next.
        let mut wanted = if is_forced {
            Wanted::New
        } else {
            Wanted::Valid
        };
        for _ in 0..TRIES {
            let now = SystemTime::now();
            let read = read(&self.needs, &self.sources, wanted);
            wanted = Wanted::Valid;
            let after = self.stamps_now();
            if after == stamps {
                self.is_settled = stamps
                    .iter()
                    .all(|stamp| stamp.is_some_and(|stamp| stamp.is_settled(now)));
                self.stamps = stamps;
                return Ok(self.take(read?));
            }
            // Several files may belong together, and are not all of one state.
            stamps = after;
        }
        let read = read(&self.needs, &self.sources, wanted)?;
        Ok(self.take(read))
    }

    fn take(&mut self, read: Read) -> Arc<Contents> {
        let contents = Arc::new(read.contents);
        self.again_at = read.again_at;
        self.last = Some(Arc::clone(&contents));
        contents
    }

    fn stamps_now(&self) -> Vec<Option<Stamp>> {
        self.files().map(Stamp::of).collect()
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        self.needs.iter().filter_map(|needed| match &needed.at {
            Reference::File(path) => Some(path.as_path()),
            Reference::Env(_) | Reference::Provider(_) => None,
        })
    }
}

fn is_of_a_provider(needed: &Needed) -> bool {
    matches!(needed.at, Reference::Provider(_))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Known, Needed, Reference, Sources};
    use crate::config::needs::ContentKind;
    use crate::settings::Settings;

    fn known(paths: &[&Path]) -> Known {
        let needs = paths.iter().map(|path| Needed {
            field: "password".to_owned(),
            at: Reference::File(path.to_path_buf()),
            kind: ContentKind::Password,
        });
        Known::new(needs.collect(), Sources::new(&Settings::default()))
    }

    #[test]
    fn r7_a_change_that_no_stamp_shows_is_found_while_the_file_is_young() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "one").unwrap();
        let mut known = known(&[&path]);
        let one = known.look(false).unwrap();
        assert_eq!(known.look(false).unwrap(), one);
        fs::write(&path, "two").unwrap();
        // As if both had been written within one tick of the file system's clock.
        known.stamps = known.stamps_now();
        assert_ne!(known.look(false).unwrap(), one);
    }

    #[test]
    fn r7_what_has_settled_is_read_again_if_its_stamp_changes_or_somebody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "one").unwrap();
        let mut known = known(&[&path]);
        let one = known.look(false).unwrap();
        fs::write(&path, "two").unwrap();
        let as_if_read_then = |known: &mut Known| {
            known.is_settled = true;
            known.stamps = known.stamps_now();
        };
        as_if_read_then(&mut known);
        assert_eq!(known.look(false).unwrap(), one);
        assert_ne!(known.look(true).unwrap(), one);
        fs::write(&path, "three").unwrap();
        let two = known.last.clone().unwrap();
        assert_ne!(known.look(false).unwrap(), two);
    }

    #[test]
    fn r5_a_file_that_is_gone_is_an_error_until_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "one").unwrap();
        let mut known = known(&[&path]);
        let one = known.look(false).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(known.look(false).is_err());
        fs::write(&path, "one").unwrap();
        assert_eq!(known.look(false).unwrap(), one);
    }
}
