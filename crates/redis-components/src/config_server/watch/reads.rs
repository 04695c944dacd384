//! What the watch reads, and what the answers prove.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::clock::Tick;
use crate::config_server::needless_pushes;
use crate::config_server::reading::{Answer, interpret};
use crate::config_server::refusal;
use crate::config_server::state::Entry;
use crate::config_server::watch::Watch;
use crate::config_server::watched_key::WatchedKey;
use crate::telemetry;
use crate::transport::failure::Failure;

impl Watch {
    /// Reads all entries in one round trip.
    pub(super) async fn read(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        let control = &self.state.control;
        let reads_control = self.control_is_due(Instant::now());
        keys.extend(reads_control.then(|| control.key()));
        if keys.is_empty() {
            // A call has read meanwhile what was old.
            return Ok(());
        }
        let mut sent_at = Tick::now();
        let mut sent = Vec::new();
        let mut control_sent = 0;
        let mut answers = self
            .server
            .read(&keys, || {
                sent_at = Tick::now();
                control_sent = control.begin();
                sent = entries.iter().map(|(_, watched)| watched.begin()).collect();
            })
            .await?;
        if let Some(failure) = refusal::for_the_moment(&answers) {
            return Err(failure);
        }
        if self.server.has_others()
            && let Some(failure) = self.refusal_of_all(entries, &answers)
        {
            return Err(failure);
        }
        // This comes before waiting callers are told, because they may ask at once how the server
        // is.
        self.found();
        // This comes first, because it says which configs hold here.
        if let Some(answer) = reads_control.then(|| answers.pop()).flatten() {
            self.take_control(control_sent, answer);
        }
        let mut found_a_change = false;
        for (((key, watched), answer), sent) in entries.iter().zip(answers).zip(sent) {
            let reading = interpret(&self.state.address(), key, answer)
                .map(|reading| self.state.control.taken(watched.component(), reading));
            if let Err(problem) = &reading
                && self.state.is_news(key, problem)
            {
                let server = &self.state.address();
                telemetry::config_server::no_config(server, key, problem.kind, &problem.message);
            }
            let before = watched.revision();
            if watched.is_from_file() && reading.is_ok() {
                telemetry::last_good::stands_in_no_longer(key);
            }
            let config = reading.as_ref().ok().map(|reading| &reading.config);
            let outside = config.map(|config| self.places.find(watched, config));
            let outside = outside.unwrap_or_default();
            if watched.answer(sent_at, sent, reading, &outside) {
                self.needless.note();
            }
            found_a_change |= watched.revision() != before;
        }
        self.pace.note_read(found_a_change);
        if let Some(pause) = self.server.take_pause() {
            self.pace.hold_back(pause);
        }
        if self.pace.read_proves_all(self.state.signal.smallest_wait()) {
            self.confirm(sent_at);
        }
        self.look_at_pushes();
        Ok(())
    }

    /// Returns the failure of a server that has come to refuse the read of every key: of those that
    /// were read now, and of all others when they were read last.
    fn refusal_of_all(&self, entries: &[Entry], answers: &[Answer]) -> Option<Failure> {
        if let Some(failure) = refusal::of_cluster(answers) {
            return Some(failure);
        }
        let failure = refusal::of_all(&answers[..entries.len()])?;
        let is_read = |key: &String| entries.iter().any(|(read, _)| read == key);
        let keys = self.state.keys();
        let mut others = keys.iter().filter(|(key, _)| !is_read(key));
        others
            .all(|(_, of_key)| of_key.iter().all(|watched| watched.is_refused()))
            .then_some(failure)
    }

    /// Notes what the control key says. If other configs hold for a share of the fleet, all keys are
    /// read again.
    fn take_control(&self, sent: u64, answer: Answer) {
        let state = &self.state;
        let changed = state.control.answer(&state.address(), sent, answer);
        if changed.canaries {
            state.reread.store(true, Ordering::Release);
        }
        if changed.prepared {
            let control = state.control.control();
            state
                .offers
                .renew(&control.prepared, &self.places, &state.signal);
        }
        if changed.receipts {
            state.signal.note_change();
        }
    }

    /// Returns when the control key is to be read although nobody says that it has changed.
    pub(super) fn control_due(&self) -> Option<Instant> {
        let (reread, is_pushing) = (self.pace.reread_interval(), self.server.is_pushing());
        self.state.control.read_again_at(reread, is_pushing)
    }

    pub(super) fn control_is_due(&self, now: Instant) -> bool {
        self.state.control.is_old() || self.control_due().is_some_and(|due| due <= now)
    }

    /// Proves that the server is up, and that keys without a push have not changed.
    pub(super) async fn beat(&mut self) -> Result<(), Failure> {
        let sent_at = Tick::now();
        self.server.ping().await?;
        self.server.note_answer();
        self.confirm(sent_at);
        self.look_at_pushes();
        Ok(())
    }

    /// Renews the proofs of all keys that were not pushed before the answer to the request that was
    /// sent at `sent_at`.
    fn confirm(&mut self, sent_at: Tick) {
        if self.server.is_pushing() {
            self.pace.note_heartbeat();
            let keys = self.state.keys();
            let is_current = |key: &&Arc<WatchedKey>| !key.is_old() && !key.is_refused();
            let current = keys.values().flatten().filter(is_current);
            current.for_each(|key| key.confirm(sent_at));
        }
    }

    /// Reports that the server keeps pushing keys that have not changed, once while it does.
    fn look_at_pushes(&mut self) {
        let keep_coming = self.needless.keep_coming(Instant::now());
        let kept_coming = self
            .state
            .pushing_needlessly
            .swap(keep_coming, Ordering::AcqRel);
        if keep_coming && !kept_coming {
            let server = &self.state.address();
            telemetry::config_server::pushes_needlessly(server, needless_pushes::MEANING);
        }
    }

    /// Notes that the server has answered a read.
    fn found(&mut self) {
        self.server.note_answer();
        if let Some(address) = self.server.address() {
            self.state.note_server(address, self.server.unused());
        }
        let pushing = self.server.is_pushing();
        let pushed_before = self.state.pushing.swap(pushing, Ordering::AcqRel);
        let is_news = pushed_before != pushing || !std::mem::replace(&mut self.met, true);
        if self.state.lost.swap(false, Ordering::AcqRel) {
            telemetry::config_server::back(&self.state.address(), pushing);
        } else if is_news {
            telemetry::config_server::answers(&self.state.address(), pushing);
        }
    }
}
