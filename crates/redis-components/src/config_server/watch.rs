//! The loop that owns the connection to the config server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use redis::RedisError;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{timeout, timeout_at};

use super::errands::start_all;
use super::pace::{Intervals, Pace};
use super::pushes::Pushes;
use super::reading::{Problem, interpret};
use super::signal::mark_watch_thread;
use super::uplink::{Answer, Uplink};
use super::{Shared, Watched};
use crate::backoff::Backoff;
use crate::client::{Failure, Timeouts};
use crate::clock::Tick;
use crate::{ComponentConfig, measure};

/// How the watch does its work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Whether changes shall be pushed.
    pub(crate) push: bool,
    pub(crate) timeouts: Timeouts,
    pub(crate) intervals: Intervals,
}

/// Starts the thread, which ends when `shared` says so.
pub(super) fn start(
    shared: Arc<Shared>,
    config: ComponentConfig,
    manner: Manner,
    errands: UnboundedReceiver<BoxFuture<'static, ()>>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("redis-components-watch".into())
        .spawn(move || {
            mark_watch_thread();
            let pushes = manner.push.then(|| Pushes::new(Arc::clone(&shared.signal)));
            let watch = Watch {
                shared,
                uplink: Uplink::new(config, manner.timeouts, pushes.clone()),
                pushes,
                pace: Pace::new(manner.intervals),
                backoff: Backoff::new(Backoff::SERVER_DOWN),
                met: false,
            };
            runtime.spawn(start_all(errands));
            runtime.block_on(watch.run());
        })
        .map(drop)
}

struct Watch {
    shared: Arc<Shared>,
    /// None where changes shall not be pushed.
    pushes: Option<Pushes>,
    uplink: Uplink,
    pace: Pace,
    backoff: Backoff,
    /// Whether the server has ever answered.
    met: bool,
}

/// A key and its state.
type Entry = (String, Arc<Watched>);

impl Watch {
    async fn run(mut self) {
        while !self.shared.signal.has_ended() {
            let result = match self.due() {
                Due::Read(entries) => self.read(&entries).await,
                Due::Heartbeat => self.beat().await,
                Due::Nothing { until } => {
                    if self.shared.writes().is_empty() {
                        self.sleep(until).await;
                    }
                    Ok(())
                }
            };
            // Behind the reads, for which calls wait; not where the server has just not answered these.
            let result = match result {
                Ok(()) => self.write().await,
                failed => failed,
            };
            if let Err(failure) = result {
                self.lose(&failure);
                let pause = self.backoff.next();
                self.pause(pause).await;
            }
        }
    }

    /// What is to be done now.
    fn due(&mut self) -> Due {
        let now = Instant::now();
        let connected = self.uplink.pushing().is_some() || self.uplink.is_refused();
        let everything = self.is_lost() || connected && now >= self.pace.reread_due();
        if everything {
            self.pace.note_reread();
            if self.uplink.is_refused() {
                // Perhaps the server grants it by now.
                self.uplink.close();
            }
        }
        let generation = self.uplink.pushing();
        let entries = self.entries(|watched| {
            let is_old = match generation {
                Some(now) => !watched.is_as_of(now),
                None => watched.next_read().is_some_and(|left| left.is_zero()),
            };
            everything || watched.is_due() || is_old
        });
        if !entries.is_empty() {
            return Due::Read(entries);
        }
        let heartbeat = generation.map(|_| self.pace.heartbeat_due(self.smallest_wait()));
        match heartbeat {
            Some(heartbeat) if now >= heartbeat => Due::Heartbeat,
            Some(heartbeat) => Due::Nothing {
                until: Some(heartbeat.min(self.pace.reread_due())),
            },
            None => {
                let reread = connected.then(|| self.pace.reread_due());
                let followed = self.next_read().map(|left| now + left);
                Due::Nothing {
                    until: reread.into_iter().chain(followed).min(),
                }
            }
        }
    }

    /// How long it is until the next read on behalf of callers who do not read themselves.
    fn next_read(&self) -> Option<Duration> {
        let keys = self.shared.keys();
        keys.values()
            .filter_map(|watched| watched.next_read())
            .min()
    }

    fn entries(&self, wanted: impl Fn(&Watched) -> bool) -> Vec<Entry> {
        self.shared
            .keys()
            .iter()
            .filter(|(_, watched)| wanted(watched))
            .map(|(key, watched)| (key.clone(), Arc::clone(watched)))
            .collect()
    }

    fn smallest_wait(&self) -> Option<Duration> {
        let keys = self.shared.keys();
        keys.values()
            .filter_map(|watched| watched.smallest_wait())
            .min()
    }

    /// Reads all entries in one round trip.
    async fn read(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        let mut sent_at = Tick::now();
        let mut generation = 0;
        let answers = self
            .uplink
            .read(&keys, || {
                // Before it is sent: what is pushed while it is under way makes it old.
                generation = self.pushes.as_ref().map_or(0, Pushes::generation);
                sent_at = Tick::now();
                for (_, watched) in entries {
                    watched.begin();
                }
            })
            .await?;
        if let Some(Err(error)) = answers.iter().find(|answer| is_passing(answer)) {
            return Err(error.clone().into());
        }
        // Before those who wait are told, who may ask at once how the server is.
        self.found();
        for ((key, watched), answer) in entries.iter().zip(answers) {
            let reading = interpret(&self.shared.address, key, answer);
            if let Err(problem) = &reading
                && watched.target().problem.as_ref() != Some(problem)
            {
                let (server, reason) = (&self.shared.address, &problem.message);
                measure::config_refused(key, problem.kind);
                tracing::warn!(server, key, reason, "no config");
            }
            watched.answer(sent_at, generation, reading);
        }
        self.confirm(sent_at);
        Ok(())
    }

    /// Shows that the server is there, and with it that what it has not pushed has not changed.
    async fn beat(&mut self) -> Result<(), Failure> {
        let sent_at = Tick::now();
        self.uplink.ping().await?;
        self.pace.note_heartbeat();
        self.confirm(sent_at);
        Ok(())
    }

    /// Renews the proofs of all keys of which nothing was pushed before the answer to what was sent at `sent_at`.
    fn confirm(&self, sent_at: Tick) {
        if let Some(generation) = self.uplink.pushing() {
            let is_current =
                |watched: &Watched| watched.is_as_of(generation) && !watched.is_refused();
            for (_, watched) in self.entries(is_current) {
                watched.confirm(sent_at);
            }
        }
    }

    /// Writes what is to be written, in one round trip.
    async fn write(&mut self) -> Result<(), Failure> {
        let writes = std::mem::take(&mut *self.shared.writes());
        if writes.is_empty() {
            return Ok(());
        }
        let values = writes.iter().map(|write| (&*write.key, &*write.value));
        let answers = self.uplink.write(values).await;
        let failure = answers.as_ref().err().cloned();
        let mut answers = answers.unwrap_or_default().into_iter();
        for write in writes {
            let written = match (&failure, answers.next()) {
                (None, Some(answer)) => answer.map_err(Failure::from),
                (None, None) => Err(Failure::unreachable("the answer is missing")),
                (Some(failure), _) => Err(failure.clone()),
            };
            // An error says that the caller was cancelled.
            let _ = write.done.send(written);
        }
        failure.map_or(Ok(()), Err)
    }

    fn is_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
    }

    /// The server has answered a read.
    fn found(&mut self) {
        self.pace.note_heartbeat();
        self.backoff = Backoff::new(Backoff::SERVER_DOWN);
        let pushing = self.uplink.pushing().is_some();
        let pushed_before = self.shared.pushing.swap(pushing, Ordering::AcqRel);
        if pushed_before != pushing || self.is_lost() || !std::mem::replace(&mut self.met, true) {
            measure::config_server(&self.shared.address, true, pushing);
        }
        if self.shared.lost.swap(false, Ordering::AcqRel) {
            let server = &self.shared.address;
            tracing::info!(server, pushing, "config server is back");
        }
    }

    /// Closes the connection and tells everybody who waits.
    fn lose(&mut self, failure: &Failure) {
        self.uplink.close();
        self.shared.pushing.store(false, Ordering::Release);
        if !self.shared.lost.swap(true, Ordering::AcqRel) && !self.shared.signal.has_ended() {
            let (server, reason) = (&self.shared.address, &failure.message);
            measure::config_server(server, false, false);
            tracing::warn!(server, reason, "config server is lost");
        }
        for (_, watched) in self.entries(|_| true) {
            watched.give_up(Problem::unanswered(&self.shared.address, failure));
        }
        for write in std::mem::take(&mut *self.shared.writes()) {
            // An error says that the caller was cancelled.
            let _ = write.done.send(Err(failure.clone()));
        }
    }

    /// Waits for something to do.
    async fn sleep(&self, until: Option<Instant>) {
        let woken = self.shared.signal.woken();
        match until {
            // An error says that it is time.
            Some(until) => drop(timeout_at(until.into(), woken).await),
            None => woken.await,
        }
    }

    /// Waits before the next attempt, unless the watch ends.
    async fn pause(&self, pause: Duration) {
        let ended = async {
            while !self.shared.signal.has_ended() {
                self.shared.signal.woken().await;
            }
        };
        // An error says that the pause is over.
        let _ = timeout(pause, ended).await;
    }
}

/// Whether the server says that it does not serve anybody just now: what it then says of a key says nothing of its config.
fn is_passing(answer: &Answer) -> bool {
    const CODES: [&str; 5] = ["LOADING", "MASTERDOWN", "BUSY", "TRYAGAIN", "CLUSTERDOWN"];
    let code = answer.as_ref().err().and_then(RedisError::code);
    code.is_some_and(|code| CODES.contains(&code))
}

/// What is to be done.
enum Due {
    Read(Vec<Entry>),
    Heartbeat,
    Nothing { until: Option<Instant> },
}

impl Drop for Watch {
    /// Nobody is left waiting for a thread that is gone, not even if that was a panic.
    fn drop(&mut self) {
        self.shared.signal.end();
        self.lose(&Failure::unreachable("the config watch has ended"));
    }
}
