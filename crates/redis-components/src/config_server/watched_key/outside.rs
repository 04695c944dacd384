//! What the config of a key leaves to others: the sentinels that name its primary, and the files and
//! variables that it refers to.

use std::sync::{Arc, Weak};

use super::WatchedKey;
use crate::config_server::followed::Followed;
use crate::config_server::reading::Outside;
use crate::transport::contents::watcher::{ContentsWatcher, Found as Read};
use crate::transport::failure::Failure;
use crate::transport::no_primary::NoPrimary;
use crate::transport::sentinel::watcher::{Found, Watcher};

impl WatchedKey {
    /// Returns `true` if the key asks these sentinels.
    pub(in crate::config_server) fn asks(&self, watcher: &Arc<Watcher>) -> bool {
        let asked = self.watcher.load();
        asked
            .as_ref()
            .is_some_and(|asked| Arc::ptr_eq(&asked.0, watcher))
    }

    /// Asks these sentinels from now on. The task that follows them ends with what this returns.
    pub(in crate::config_server) fn ask_from_now_on(
        &self,
        watcher: &Arc<Watcher>,
    ) -> Weak<Followed<Watcher>> {
        let (followed, alive) = Followed::new(watcher);
        self.watcher.store(Some(followed));
        alive
    }

    pub(in crate::config_server) fn ask_nobody(&self) {
        if self.watcher.load().is_some() {
            self.watcher.store(None);
        }
    }

    /// Notes what others say of the config by now.
    pub(in crate::config_server) fn note_outside(&self, outside: &Outside) {
        if let Some(found) = &outside.found {
            self.locate(found);
        }
        if let Some(read) = &outside.read {
            self.note_contents(read);
        }
    }

    /// Notes what the sentinels say.
    pub(in crate::config_server) fn locate(&self, found: &Found) {
        let known = self.target.load();
        let target = known.located(found);
        if known.revision != target.revision || known.no_primary != target.no_primary {
            self.publish(target);
            self.tell();
        }
    }

    /// Returns `true` if what the key's config refers to is read by this watch.
    pub(in crate::config_server) fn reads_by(&self, watcher: &Arc<ContentsWatcher>) -> bool {
        let reads = self.contents.load();
        reads
            .as_ref()
            .is_some_and(|reads| Arc::ptr_eq(&reads.0, watcher))
    }

    /// Has this watch read what the config refers to from now on. The task that follows it ends with
    /// what this returns.
    pub(in crate::config_server) fn read_from_now_on(
        &self,
        watcher: &Arc<ContentsWatcher>,
    ) -> Weak<Followed<ContentsWatcher>> {
        let (followed, alive) = Followed::new(watcher);
        self.contents.store(Some(followed));
        alive
    }

    pub(in crate::config_server) fn read_nothing(&self) {
        self.contents.store(None);
    }

    /// Notes what the config refers to.
    pub(in crate::config_server) fn note_contents(&self, read: &Read) {
        let known = self.target.load();
        let target = known.read(read);
        if known.revision != target.revision || known.unread != target.unread {
            self.publish(target);
            self.tell();
        }
    }

    /// Asks the sentinels that the config names, if it names any, and waits until they have
    /// answered, or their time is over.
    pub(crate) async fn ask_sentinels(&self) {
        let watcher = self.watcher.load_full();
        if let Some(watcher) = watcher
            && !self.signal.is_unheard()
        {
            watcher.0.ask().await;
        }
    }

    /// Reads again what the config refers to, and waits until that is done, or its time is over. Only
    /// attempts wait here and in [`settled`](Self::settled). Those that run on the watch's own thread
    /// are tasks there, and hold up nothing.
    pub(crate) async fn read_contents_again(&self) {
        let contents = self.contents.load_full();
        if let Some(contents) = contents
            && !self.signal.has_ended()
        {
            let Followed(contents) = &*contents;
            contents.ask().await;
            let mut completed = self.completed.subscribe();
            while self.reads_by(contents) && !self.target().knows(&contents.found()) {
                if self.signal.has_ended() || completed.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    /// Waits until it is known where the server of the config of `revision` is, and what the config
    /// refers to. Returns `None` if the config is no longer the newest.
    pub(crate) async fn settled(&self, revision: u64) -> Option<Result<(), Failure>> {
        let mut completed = self.completed.subscribe();
        loop {
            let target = self.target();
            if target.revision != revision {
                return None;
            }
            let config = target.config.as_ref();
            let is_read = config.is_none_or(|config| config.is_read());
            let is_located = config.is_none_or(|config| config.is_located());
            match (&target.unread, &target.no_primary) {
                _ if is_read && is_located => return Some(Ok(())),
                (Some(unread), _) if !is_read => {
                    return Some(Err(unread.clone().into()));
                }
                (_, Some(no_primary)) if !is_located => {
                    return Some(Err(no_primary.clone().into()));
                }
                _ => {}
            }
            if self.signal.has_ended() || completed.changed().await.is_err() {
                return Some(Err(NoPrimary::watch_ended().into()));
            }
        }
    }
}
