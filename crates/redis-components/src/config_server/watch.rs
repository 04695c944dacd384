//! The loop that owns the connection to the config server.

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
use super::needless_pushes::{self, NeedlessPushes};
use super::pace::Pace;
use super::places::Places;
use super::pushes::Pushes;
use super::reading::interpret;
use super::reconnect::Reconnect;
use super::state::{Entry, State};
use super::thread;
use super::watched_key::WatchedKey;
use super::write::finish;
use crate::background::BackgroundTasks;
use crate::clock::Tick;
use crate::config::ComponentConfig;
use crate::error::text::printable;
use crate::settings::Settings;
use crate::telemetry;
use crate::telemetry::report::message_of;
use crate::transport::error_codes::is_passing;
use crate::transport::failure::Failure;

/// Starts the thread, which ends when `state` says so.
pub(super) fn start(
    state: Arc<State>,
    configs: Vec<ComponentConfig>,
    settings: &Settings,
    tasks: BackgroundTasks,
    places: Places,
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
        Arc::clone(&state.signal),
    );
    let watch = Watch {
        state,
        stand_ins: last_good.map(StandIns::new),
        server: Reconnect::new(candidates, timeouts, pushes),
        needless: NeedlessPushes::new(),
        pace: Pace::new(settings.intervals()),
        met: false,
        places,
    };
    thread::start(tasks, async move {
        let saving = saving.map(tokio::spawn);
        watch.run().await;
        if let Some(saving) = saving {
            // An error says that the disk hangs.
            drop(timeout(SAVES_WITHIN, saving).await);
        }
    })
}

/// How long the end waits for the last save.
const SAVES_WITHIN: Duration = Duration::from_secs(1);

struct Watch {
    state: Arc<State>,
    /// The file of last good configs, if there is one.
    stand_ins: Option<StandIns>,
    server: Reconnect,
    needless: NeedlessPushes,
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
        let everything = has_moved || self.is_lost() || connected && now >= self.pace.reread_due();
        if everything {
            self.pace.note_reread();
            if self.server.is_refused() {
                // Perhaps the server grants pushes by now.
                self.server.close();
            }
        }
        let pushing = self.server.is_pushing();
        let is_asked = |watched: &WatchedKey| {
            let is_followed = || watched.next_read().is_some_and(|left| left.is_zero());
            everything || watched.is_due() || !pushing && is_followed()
        };
        // Callers need not wait for these reads, and a heartbeat proves no old reading.
        let is_unasked = |watched: &WatchedKey| pushing && watched.is_old() && !is_asked(watched);
        let has_unasked = self
            .state
            .keys()
            .values()
            .any(|watched| is_unasked(watched));
        let takes_unasked = has_unasked && now >= self.pace.unasked_due();
        let entries = self
            .state
            .entries(|watched| is_asked(watched) || takes_unasked && is_unasked(watched));
        if takes_unasked {
            self.pace.note_unasked();
        }
        if !entries.is_empty() {
            return Due::Read(entries);
        }
        if has_unasked {
            // These reads come before the heartbeat, which would prove nothing for them.
            let until = Some(self.pace.unasked_due());
            return Due::Nothing { until };
        }
        if pushing {
            let heartbeat = self.pace.heartbeat_due(self.state.smallest_wait());
            return if now >= heartbeat {
                Due::Heartbeat
            } else {
                let until = Some(heartbeat.min(self.pace.reread_due()));
                Due::Nothing { until }
            };
        }
        let reread = connected.then(|| self.pace.reread_due());
        let followed = self.state.next_read().map(|left| now + left);
        Due::Nothing {
            until: reread.into_iter().chain(followed).min(),
        }
    }

    /// Reads all entries in one round trip.
    async fn read(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        let mut sent_at = Tick::now();
        let mut sent = Vec::new();
        let answers = self
            .server
            .read(&keys, || {
                sent_at = Tick::now();
                sent = entries.iter().map(|(_, watched)| watched.begin()).collect();
            })
            .await?;
        // A server that serves nobody for the moment says nothing about a key's config.
        let mut errors = answers.iter().filter_map(|answer| answer.as_ref().err());
        if let Some(error) = errors.find(|error| is_passing(error)) {
            return Err(error.clone().into());
        }
        // This comes before waiting callers are told, because they may ask at once how the server
        // is.
        self.found();
        let mut found_a_change = false;
        for (((key, watched), answer), sent) in entries.iter().zip(answers).zip(sent) {
            let reading = interpret(&self.state.address(), key, answer);
            if let Err(problem) = &reading
                && watched.target().problem.as_ref() != Some(problem)
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
        self.confirm(sent_at);
        self.look_at_pushes();
        Ok(())
    }

    /// Proves that the server is up, and that keys without a push have not changed.
    async fn beat(&mut self) -> Result<(), Failure> {
        let sent_at = Tick::now();
        self.server.ping().await?;
        self.server.note_answer();
        self.pace.note_heartbeat();
        self.confirm(sent_at);
        self.look_at_pushes();
        Ok(())
    }

    /// Renews the proofs of all keys that were not pushed before the answer to the request that was
    /// sent at `sent_at`.
    fn confirm(&self, sent_at: Tick) {
        if self.server.is_pushing() {
            let is_current = |watched: &WatchedKey| !watched.is_old() && !watched.is_refused();
            for (_, watched) in self.state.entries(is_current) {
                watched.confirm(sent_at);
            }
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

    /// Notes that the server has answered a read.
    fn found(&mut self) {
        self.pace.note_heartbeat();
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
        for (key, watched) in self.state.entries(|_| true) {
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
            for (key, watched) in self.state.entries(|_| true) {
                if let Some(Ok(_)) = more.get(&key) {
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
    }
}
