//! What was read, and whether it has to be read again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::read::{Read, read};
use super::sources::Sources;
use super::stamp::Stamp;
use super::wanted::Wanted;
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
        let is_due = self.again_at.is_none_or(|due| due <= Instant::now());
        let wanted = if is_forced {
            Wanted::New
        } else if is_due {
            Wanted::Valid
        } else {
            Wanted::Known
        };
        let looked = self.look_at_all(wanted);
        match &looked {
            Ok(_) => self.backoff = Backoff::new(ASKED_AGAIN_WITHIN),
            // Its pause is not over.
            Err(_) if wanted == Wanted::Known => {}
            Err(_) => {
                let has_providers = self.needs.iter().any(is_of_a_provider);
                let again_at = || Instant::now() + self.backoff.next();
                self.again_at = has_providers.then(again_at);
            }
        }
        looked
    }

    fn look_at_all(&mut self, mut wanted: Wanted) -> Result<Arc<Contents>, Failure> {
        let is_due =
            wanted == Wanted::New || self.again_at.is_some_and(|due| due <= Instant::now());
        let mut stamps = self.stamps_now();
        if let Some(last) = &self.last
            && self.is_settled
            && !is_due
            && stamps == self.stamps
        {
            return Ok(Arc::clone(last));
        }
        self.is_settled = false;
        for _ in 0..TRIES {
            let now = SystemTime::now();
            let read = read(&self.needs, &self.sources, wanted);
            // What a provider said for the first try is as good for the next.
            wanted = Wanted::Known;
            let after = self.stamps_now();
            if after == stamps {
                let contents = self.take(read?);
                self.is_settled = stamps
                    .iter()
                    .all(|stamp| stamp.is_some_and(|stamp| stamp.is_settled(now)));
                self.stamps = stamps;
                return Ok(contents);
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
            Reference::File(path) => Some(&**path),
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
    use std::future::Future;
    use std::path::Path;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::{Duration, Instant, SystemTime};

    use super::{Known, Needed, Reference, Sources, Stamp};
    use crate::config::needs::ContentKind;
    use crate::settings::Settings;
    use crate::settings::credentials::{Credentials, CredentialsError, Login};

    const SOON: Duration = Duration::from_millis(200);

    fn needs(paths: &[&Path]) -> Vec<Needed> {
        let needs = paths.iter().map(|path| Needed {
            field: "password".to_owned(),
            at: Reference::File((*path).into()),
            kind: ContentKind::Password,
        });
        needs.collect()
    }

    fn known(paths: &[&Path]) -> Known {
        let sources = Sources::new(&Settings::default());
        Known::new(needs(paths), sources)
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

    fn settles(path: &Path) {
        let is_settled =
            || Stamp::of(path).is_some_and(|stamp| stamp.is_settled(SystemTime::now()));
        while !is_settled() {
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn r5_a_file_that_is_broken_is_an_error_until_it_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "one").unwrap();
        let mut known = known(&[&path]);
        let one = known.look(false).unwrap();
        fs::write(&path, "").unwrap();
        assert!(known.look(false).is_err());
        settles(&path);
        for _ in 0..3 {
            assert!(known.look(false).is_err());
        }
        fs::write(&path, "one").unwrap();
        assert_eq!(known.look(false).unwrap(), one);
    }

    /// Gives one login that is due soon, and counts how often it is asked.
    #[derive(Debug, Default)]
    struct Failing(Arc<AtomicU64>);

    impl Credentials for Failing {
        fn login(
            &self,
        ) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
            Box::pin(async {
                match self.0.fetch_add(1, Ordering::SeqCst) {
                    0 => Ok(Login::new("S3cret").expires(SystemTime::now() + SOON)),
                    _ => Err("it is down".into()),
                }
            })
        }
    }

    #[test]
    fn r5_a_provider_that_fails_is_an_error_beside_any_file_and_asked_with_pauses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "one").unwrap();
        settles(&path);
        let asked = Arc::<AtomicU64>::default();
        let settings = Settings::default().credentials("tokens", Failing(Arc::clone(&asked)));
        let login = Needed {
            field: "password".to_owned(),
            at: Reference::Provider("tokens".to_owned()),
            kind: ContentKind::Password,
        };
        let needs = [needs(&[&path]), vec![login]].concat();
        let mut known = Known::new(needs, Sources::new(&settings));
        let one = known.look(false).unwrap();
        while known.look(false).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
        // A file that changes is no reason to ask.
        fs::write(&path, "two").unwrap();
        let end = Instant::now() + Duration::from_secs(4);
        while Instant::now() < end {
            assert!(known.look(false).is_err());
            thread::sleep(Duration::from_millis(1));
        }
        // Without pauses this would be thousands.
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked < 60, "{asked}");
        assert_eq!(known.last, Some(one));
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
