//! The loop that owns the connection to the config server.

mod reads;

use std::collections::BTreeMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::time::{timeout, timeout_at};

use super::candidates::Candidates;
use super::last_good::saver::save_all;
use super::last_good::stand_ins::{Found, StandIns, give_up};
use super::needless_pushes::NeedlessPushes;
use super::pace::Pace;
use super::places::Places;
use super::pushes::Pushes;
use super::receipts::identity::Identity;
use super::receipts::writer::Writer;
use super::reconnect::Reconnect;
use super::state::{Entry, State};
use super::thread;
use super::watched_key::WatchedKey;
use super::write::finish;
use crate::background::BackgroundTasks;
use crate::config::ComponentConfig;
use crate::error::text::printable;
use crate::settings::Settings;
use crate::telemetry;
use crate::telemetry::report::message_of;
use crate::transport::failure::Failure;

/// Starts the thread, which ends when `state` says so.
pub(super) fn start(
    state: Arc<State>,
    configs: Vec<ComponentConfig>,
    settings: &Settings,
    tasks: BackgroundTasks,
    places: Places,
    identity: Identity,
) -> io::Result<()> {
    let pushes = settings.pushes().then(|| Pushes::new(Arc::clone(&state)));
    let last_good = state.last_good.clone();
    let saving = last_good
        .clone()
        .map(|store| save_all(Arc::clone(&state), store));
    let timeouts = settings.config_server_timeouts();
    let candidates = Candidates::new(
        configs,
        Arc::clone(settings.allowed()),
        timeouts,
        places.clone(),
        Arc::clone(&state),
    );
    let signal = Arc::clone(&state.signal);
    let server = Reconnect::new(
        candidates,
        timeouts,
        pushes,
        signal,
        Arc::clone(&state.strict),
    );
    let writer = settings.writes_receipts().then(|| {
        let state = Arc::clone(&state);
        Writer::new(state, identity, server.line(), timeouts.response)
    });
    if writer.is_none() {
        state.has_left.store(true, Ordering::Release);
    }
    let strict = Arc::clone(&state.strict);
    let watch = Watch {
        state,
        stand_ins: last_good.map(|store| StandIns::new(store, timeouts.connect)),
        server,
        needless: NeedlessPushes::new(),
        open: BTreeMap::new(),
        pace: Pace::new(settings.intervals()),
        met: false,
        places,
    };
    thread::start(tasks, async move {
        let saving = saving.map(tokio::spawn);
        tokio::spawn(strict.close_unused());
        let writing = writer.map(|writer| tokio::spawn(writer.run()));
        watch.run().await;
        if let Some(writing) = writing {
            // An error says that the config server hangs.
            drop(timeout(LEAVES_WITHIN, writing).await);
        }
        if let Some(saving) = saving {
            // An error says that the disk hangs.
            drop(timeout(SAVES_WITHIN, saving).await);
        }
    })
}

/// How long the end waits for the last save.
const SAVES_WITHIN: Duration = Duration::from_secs(1);

/// How long the end waits for the receipt to be removed.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);

struct Watch {
    state: Arc<State>,
    /// The file of last good configs, if there is one.
    stand_ins: Option<StandIns>,
    server: Reconnect,
    needless: NeedlessPushes,
    /// The keys that needed something when they were looked at last, by their numbers.
    open: BTreeMap<usize, Entry>,
    pace: Pace,
    /// Whether the server has ever answered.
    met: bool,
    places: Places,
}

impl Watch {
    /// Watches until the watch ends. A panic, for example of the waker of a caller's own executor,
    /// does not end it.
    async fn run(mut self) {
        while let Err(panic) = AssertUnwindSafe(self.watch()).catch_unwind().await {
            let reason = printable(message_of(&*panic));
            // Callers that wait are told by the next reading, or when that fails.
            self.server.close();
            self.state.pushing.store(false, Ordering::Release);
            self.state.lost.store(true, Ordering::Release);
            telemetry::config_server::watch_panicked(&self.state.address(), &reason);
            let pause = self.server.next_pause();
            let failure = Failure::unreachable("the config watch has panicked");
            self.pause(pause, &failure, Found::new()).await;
        }
    }

    async fn watch(&mut self) {
        while !self.state.signal.has_ended() {
            let result = match self.due() {
                Due::Read(entries) => self.read(&entries).await,
                Due::Heartbeat => self.beat().await,
                Due::Nothing { until } => {
                    if self.state.writes().is_empty() {
                        self.sleep(until).await;
                    }
                    Ok(())
                }
            };
            // Writes come after the reads, for which calls wait, and only if the server has
            // answered the reads.
            let result = match result {
                Ok(()) => self.write().await,
                failed => failed,
            };
            if let Err(failure) = result {
                let stand_ins = self.find_stand_ins(&Found::new()).await;
                self.lose(&failure, &stand_ins);
                let pause = self.server.next_pause();
                self.pause(pause, &failure, stand_ins).await;
            }
        }
    }

    /// Returns what to do now.
    fn due(&mut self) -> Due {
        let now = Instant::now();
        let has_moved = self.server.leave_if_moved();
        let connected = self.server.is_pushing() || self.server.is_refused();
        let is_demanded = self.state.reread.swap(false, Ordering::AcqRel);
        let everything = has_moved
            || is_demanded
            || self.is_lost()
            || connected && now >= self.pace.reread_due();
        if everything {
            self.pace.note_reread();
            if self.server.is_refused() {
                // Perhaps the server grants pushes by now.
                self.server.close();
            }
        }
        let touched = self.state.take_touched().into_iter();
        self.open
            .extend(touched.map(|entry| (entry.1.number(), entry)));
        self.open.retain(|_, (_, watched)| watched.needs_watch());
        let pushing = self.server.is_pushing();
        let is_asked = |watched: &WatchedKey| {
            let is_followed = || watched.next_read().is_some_and(|left| left.is_zero());
            watched.is_due() || !pushing && is_followed()
        };
        // Callers need not wait for these reads, and a heartbeat proves no old reading.
        let is_old = |watched: &WatchedKey| pushing && watched.is_old();
        let is_unasked = |watched: &WatchedKey| is_old(watched) && !is_asked(watched);
        let has_unasked = pushing && self.control_is_due(now)
            || !everything && self.open.values().any(|(_, key)| is_unasked(key));
        let takes_unasked = has_unasked && now >= self.pace.unasked_due();
        let entries: Vec<Entry> = if everything {
            self.state.all()
        } else {
            // A caller may ask for one that nobody has asked for until now.
            let wanted = |key: &WatchedKey| is_asked(key) || takes_unasked && is_old(key);
            let open = self.open.values();
            open.filter(|(_, watched)| wanted(watched))
                .cloned()
                .collect()
        };
        if takes_unasked {
            self.pace.note_unasked();
        }
        if !entries.is_empty() || takes_unasked {
            return Due::Read(entries);
        }
        if has_unasked {
            // These reads come before the heartbeat, which would prove nothing for them.
            let until = Some(self.pace.unasked_due());
            return Due::Nothing { until };
        }
        if pushing {
            let heartbeat = self.pace.heartbeat_due(self.state.signal.smallest_wait());
            return if now >= heartbeat {
                Due::Heartbeat
            } else {
                let until = heartbeat.min(self.pace.reread_due());
                let until = Some(self.control_due().map_or(until, |due| due.min(until)));
                Due::Nothing { until }
            };
        }
        let control = self.control_due();
        if control.is_some_and(|due| due <= now) {
            return Due::Read(entries);
        }
        let reread = connected.then(|| self.pace.reread_due());
        let open = self.open.values();
        let followed = open.filter_map(|(_, watched)| watched.next_read());
        let followed = followed.min().map(|left| now + left);
        Due::Nothing {
            until: [reread, followed, control].into_iter().flatten().min(),
        }
    }

    /// Writes the values that callers have left, in one round trip.
    async fn write(&mut self) -> Result<(), Failure> {
        let writes = std::mem::take(&mut *self.state.writes());
        if writes.is_empty() {
            return Ok(());
        }
        let values = writes.iter().map(|write| (&*write.key, &*write.value));
        let answers = self.server.write(values).await;
        finish(writes, answers)
    }

    fn is_lost(&self) -> bool {
        self.state.lost.load(Ordering::Acquire)
    }

    /// Looks for configs that stand in, see [`StandIns::find`].
    async fn find_stand_ins(&mut self, before: &Found) -> Found {
        match &mut self.stand_ins {
            Some(stand_ins) => stand_ins.find(&self.state, before).await,
            None => Found::new(),
        }
    }

    /// Closes the connection and tells all callers that wait.
    fn lose(&mut self, failure: &Failure, stand_ins: &Found) {
        self.server.close();
        self.state.pushing.store(false, Ordering::Release);
        if !self.state.lost.swap(true, Ordering::AcqRel) && !self.state.signal.has_ended() {
            telemetry::config_server::lost(&self.state.address(), &failure.message);
        }
        for (key, watched) in self.state.all() {
            if self.is_still_looked_for(&key, &watched, stand_ins) {
                continue;
            }
            give_up(
                &self.state,
                &self.places,
                &key,
                &watched,
                failure,
                stand_ins,
            );
        }
        for write in std::mem::take(&mut *self.state.writes()) {
            // An error says that the caller was cancelled.
            let _ = write.done.send(Err(failure.clone()));
        }
    }

    /// Returns `true` if the key was asked for after stand-ins were looked for. The pause that
    /// follows looks for its own.
    fn is_still_looked_for(&self, key: &str, watched: &WatchedKey, stand_ins: &Found) -> bool {
        self.stand_ins.is_some()
            && !self.state.signal.has_ended()
            && !stand_ins.contains_key(key)
            && watched.target().config.is_none()
    }

    /// Waits for something to do.
    async fn sleep(&self, until: Option<Instant>) {
        let woken = self.state.signal.woken();
        match until {
            // An error says that the time has come.
            Some(until) => drop(timeout_at(until.into(), woken).await),
            None => woken.await,
        }
    }

    /// Waits before the next attempt, unless the watch ends. Keys that are asked for meanwhile, and
    /// that have no config, need not wait for the attempt if the file of last good configs has one.
    async fn pause(&mut self, pause: Duration, failure: &Failure, mut found: Found) {
        let until = tokio::time::Instant::now() + pause;
        while !self.state.signal.has_ended() {
            let woken = self.state.signal.woken();
            if timeout_at(until, woken).await.is_err() {
                return;
            }
            let more = self.find_stand_ins(&found).await;
            for (key, watched) in self.state.all() {
                let is_without = watched.target().config.is_none();
                if is_without && let Some(Ok(_)) = more.get(&key) {
                    give_up(&self.state, &self.places, &key, &watched, failure, &more);
                }
            }
            found.extend(more);
        }
    }
}

/// The next step.
enum Due {
    Read(Vec<Entry>),
    Heartbeat,
    Nothing { until: Option<Instant> },
}

impl Drop for Watch {
    /// Leaves no caller waiting for a thread that is gone, not even after a panic.
    fn drop(&mut self) {
        self.state.signal.end();
        let ended = Failure::unreachable("the config watch has ended");
        self.lose(&ended, &Found::new());
        self.state.offers.tell();
    }
}
