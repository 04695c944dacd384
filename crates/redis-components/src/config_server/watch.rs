//! The loop that owns the connection to the config server.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::link::Link;
use super::reading::{Problem, interpret};
use super::{Shared, Watched, Write};
use crate::ComponentConfig;
use crate::backoff::Backoff;
use crate::client::{Closing, Failure, Timeouts, close_all};

/// Starts the thread, which ends when `shared` says so.
pub(super) fn start(
    shared: Arc<Shared>,
    config: ComponentConfig,
    timeouts: Timeouts,
    retired: UnboundedReceiver<Closing>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("redis-components-watch".into())
        .spawn(move || {
            let watch = Watch {
                shared,
                config,
                timeouts,
                link: None,
            };
            runtime.spawn(close_all(retired));
            runtime.block_on(watch.run());
        })
        .map(drop)
}

struct Watch {
    shared: Arc<Shared>,
    config: ComponentConfig,
    timeouts: Timeouts,
    link: Option<Link>,
}

/// A key and its state.
type Entry = (String, Arc<Watched>);

impl Watch {
    async fn run(mut self) {
        let mut backoff = Backoff::new(Backoff::SERVER_DOWN);
        while !self.shared.signal.has_ended() {
            let lost = self.shared.lost.load(Ordering::Acquire);
            let entries = self.entries(|watched| lost || watched.is_due());
            let writes = std::mem::take(&mut *self.shared.writes());
            if entries.is_empty() && writes.is_empty() {
                self.shared.signal.woken().await;
                continue;
            }
            self.write(writes).await;
            if entries.is_empty() {
                continue;
            }
            match self.read(&entries).await {
                Ok(()) => {
                    backoff = Backoff::new(Backoff::SERVER_DOWN);
                    if self.shared.lost.swap(false, Ordering::AcqRel) {
                        tracing::info!(server = self.shared.address, "config server is back");
                    }
                }
                Err(failure) => {
                    self.lose(&failure);
                    self.pause(backoff.next()).await;
                }
            }
        }
    }

    fn entries(&self, wanted: impl Fn(&Watched) -> bool) -> Vec<Entry> {
        self.shared
            .keys()
            .iter()
            .filter(|(_, watched)| wanted(watched))
            .map(|(key, watched)| (key.clone(), Arc::clone(watched)))
            .collect()
    }

    /// Reads all entries in one round trip.
    async fn read(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        // A server that has answered before is given the time of one answer, also where it takes a new connection.
        let bound = match self.link {
            Some(_) => self.timeouts.response,
            None => self.timeouts.connect,
        };
        let mut begun = Vec::new();
        let (address, shared) = (&self.shared.address, &self.shared);
        let (config, timeouts, link) = (&self.config, self.timeouts, &mut self.link);
        let reading = async {
            let fresh = link.is_none();
            let mut first = ensure(link, config, timeouts).await?;
            begun = entries.iter().map(|(_, watched)| watched.begin()).collect();
            let keys = || entries.iter().map(|(key, _)| key.as_str());
            let mut answer = first.read(keys()).await;
            if !fresh
                && answer
                    .as_ref()
                    .is_err_and(|error| error.is_connection_dropped())
            {
                // The connection may have ended while it was idle, which says nothing of the server.
                *link = None;
                first = ensure(link, config, timeouts).await?;
                answer = first.read(keys()).await;
            }
            Ok::<_, Failure>(answer?)
        };
        let answers = bounded(bound, reading).await?;
        for (((key, watched), sent_at), answer) in entries.iter().zip(begun).zip(answers) {
            let reading = interpret(address, key, answer);
            if let Err(problem) = &reading
                && watched.target().problem.as_ref() != Some(problem)
            {
                tracing::warn!(
                    server = shared.address,
                    key,
                    reason = problem.message,
                    "no config"
                );
            }
            watched.answer(sent_at, reading);
        }
        Ok(())
    }

    async fn write(&mut self, writes: Vec<Write>) {
        for Write { key, value, done } in writes {
            let (config, timeouts, link) = (&self.config, self.timeouts, &mut self.link);
            let written = bounded(timeouts.connect, async {
                let link = ensure(link, config, timeouts).await?;
                Ok(link.write(&key, &value).await?)
            })
            .await;
            if written.as_ref().is_err_and(|failure| !failure.is_refusal()) {
                self.link = None;
            }
            // Nobody waits any more: the caller was cancelled.
            let _ = done.send(written);
        }
    }

    /// Closes the connection and tells everybody who waits.
    fn lose(&mut self, failure: &Failure) {
        self.link = None;
        if !self.shared.lost.swap(true, Ordering::AcqRel) && !self.shared.signal.has_ended() {
            let reason = &failure.message;
            tracing::warn!(
                server = self.shared.address,
                reason,
                "config server is lost"
            );
        }
        for (_, watched) in self.entries(|_| true) {
            watched.give_up(Problem::unanswered(&self.shared.address, failure));
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

impl Drop for Watch {
    /// Nobody is left waiting for a thread that is gone, not even if that was a panic.
    fn drop(&mut self) {
        self.shared.signal.end();
        self.shared.writes().clear();
        self.lose(&Failure::unreachable("the config watch has ended"));
    }
}

async fn ensure<'a>(
    link: &'a mut Option<Link>,
    config: &ComponentConfig,
    timeouts: Timeouts,
) -> Result<&'a mut Link, Failure> {
    match link {
        Some(link) => Ok(link),
        None => Ok(link.insert(Link::open(config, timeouts).await?)),
    }
}

async fn bounded<T>(
    bound: Duration,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout(bound, future).await {
        Ok(result) => result,
        Err(_) => Err(Failure::timed_out(bound)),
    }
}
