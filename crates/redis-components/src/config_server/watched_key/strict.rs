//! What reads of calls themselves say of a key.

use std::sync::atomic::Ordering;

use super::WatchedKey;
use crate::config_server::strict::answer::Answer;
use crate::config_server::strict::lanes::Lanes;

impl WatchedKey {
    /// Returns `true` if a call that has to read may do so itself, because the answer is likely to be
    /// what the watch has read.
    pub(crate) fn may_be_confirmed(&self) -> bool {
        let target = self.target.load();
        self.is_strict.load(Ordering::Relaxed) && target.is_as_on_server()
    }

    /// Returns the revision of the target, if the answer to a call's own read is what the target was
    /// read from. So the target was current when that read reached the server.
    ///
    /// The target may change in the next moment, and not only to a newer one: the watch may be about
    /// to publish an answer that is older than this one. So the revision counts, and not the target.
    pub(crate) fn confirmed_by(&self, answer: &Answer) -> Option<u64> {
        let target = self.target.load();
        let text = target.text.as_ref().filter(|_| target.is_as_on_server())?;
        if !answer.is(text.expose()) {
            return None;
        }
        let sent_at = answer.sent_at().to_bits();
        self.confirmed.fetch_max(sent_at, Ordering::Relaxed);
        Some(target.revision)
    }

    pub(in crate::config_server) fn lanes(&self) -> &Lanes {
        &self.lanes
    }
}
