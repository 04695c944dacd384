//! The control key, as the watch and the writer of the receipt share it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::canary::Canary;
use super::reading::Control;
use crate::config_server::lock_free::invalidations::Invalidations;
use crate::config_server::reading::{Answer, Reading};
use crate::telemetry;

/// The name of the key, after the prefix. No component has this name.
const NAME: &str = "@fleet";

/// How many re-reads of configs come between two of the control key, if its changes are pushed. So
/// it costs a large fleet little.
const REREADS: u32 = 4;

/// The control key, and what it said last.
#[derive(Debug)]
pub(crate) struct ControlKey {
    key: String,
    /// This process, for canaries.
    instance: String,
    invalidations: Invalidations,
    control: ArcSwap<Control>,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    read: Option<Instant>,
    /// What was not understood.
    problems: Vec<String>,
}

impl ControlKey {
    pub(crate) fn new(key_prefix: &str, instance: &str) -> Self {
        Self {
            key: format!("{key_prefix}{NAME}"),
            instance: instance.to_owned(),
            invalidations: Invalidations::new(),
            control: ArcSwap::default(),
            last: Mutex::default(),
        }
    }

    pub(in crate::config_server) fn key(&self) -> &str {
        &self.key
    }

    /// Returns what the key said last.
    pub(in crate::config_server) fn control(&self) -> Arc<Control> {
        self.control.load_full()
    }

    /// Makes the last reading old.
    pub(in crate::config_server) fn invalidate(&self) {
        self.invalidations.add();
    }

    /// Returns `true` if the key may have changed since the last read, as far as pushes tell.
    pub(in crate::config_server) fn is_old(&self) -> bool {
        self.invalidations.is_old()
    }

    /// Returns when the key is to be read again although no push names it.
    pub(in crate::config_server) fn read_again_at(
        &self,
        reread: Duration,
        is_pushing: bool,
    ) -> Option<Instant> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let interval = if is_pushing { reread * REREADS } else { reread };
        last.read.map(|read| read + interval)
    }

    /// Returns the count that a reading carries. Call this before the read is sent.
    pub(in crate::config_server) fn begin(&self) -> u64 {
        self.invalidations.count()
    }

    /// Notes the answer to a read. Returns what has changed.
    pub(in crate::config_server) fn answer(
        &self,
        server: &str,
        begun: u64,
        answer: Answer,
    ) -> Changed {
        let before = self.control();
        let (control, problems) = match Control::read(answer) {
            Ok((control, problems)) => (Arc::new(control), problems),
            Err(problem) => (Arc::clone(&before), vec![problem]),
        };
        let is_news = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.read = Some(Instant::now());
            let is_news = last.problems != problems && !problems.is_empty();
            last.problems.clone_from(&problems);
            is_news
        };
        if is_news {
            telemetry::receipts::not_understood(server, &self.key, &problems.join("; "));
        }
        self.invalidations.note_reading(begun);
        let changed = Changed {
            receipts: before.timing != control.timing || before.salt != control.salt,
            canaries: before.canaries != control.canaries,
            prepared: before.prepared != control.prepared,
        };
        self.control.store(control);
        changed
    }

    /// Returns the reading that this process takes: its canary's, if it has one. A component that is
    /// switched off stays switched off.
    pub(in crate::config_server) fn taken(&self, component: &str, reading: Reading) -> Reading {
        let control = self.control.load();
        let canary = control.canaries.get(component);
        let canary = canary.filter(|canary| canary.is_for(&self.instance));
        match canary.filter(|_| !reading.config.is_disabled()) {
            Some(Canary { config, text, .. }) => Reading {
                config: config.clone(),
                text: text.clone(),
                own: Some(Arc::new(reading.config)),
            },
            None => reading,
        }
    }
}

/// What a reading of the control key has changed.
#[derive(Clone, Copy, Debug)]
pub(in crate::config_server) struct Changed {
    /// How receipts are written.
    pub(in crate::config_server) receipts: bool,
    /// Which configs hold for a share of the fleet.
    pub(in crate::config_server) canaries: bool,
    /// Which candidates there are.
    pub(in crate::config_server) prepared: bool,
}
