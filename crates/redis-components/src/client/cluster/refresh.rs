//! When the view of a cluster is refreshed: off the path of calls, now and then, and when something
//! asks for it.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::map::{ClusterMap, Refreshing};
use super::node_number::NodeNumber;
use crate::background::Background;
use crate::os_thread;

/// The shortest time between two refreshes.
const REFRESHED_EVERY: Duration = Duration::from_millis(200);

/// How often the seeds are asked if nothing else asks for a refresh.
const SEEDS_ASKED_EVERY: Duration = Duration::from_secs(30);

/// How often owners of slots are looked for that have none, and replicas that should be read from.
const MISSING_SOUGHT_EVERY: Duration = Duration::from_secs(2);

/// A refresh that runs. If it is dropped, the next may begin.
struct Running {
    map: Arc<ClusterMap>,
    is_over: bool,
}

impl ClusterMap {
    /// Asks for a refresh in the background. `knows_best` has said something new.
    pub(super) fn ask_for_refresh(
        self: &Arc<Self>,
        knows_best: Option<NodeNumber>,
        background: Option<&Background>,
    ) {
        {
            let mut refreshing = self.refreshing();
            refreshing.knows_best = knows_best.or(refreshing.knows_best);
            refreshing.is_asked = true;
            if refreshing.is_running {
                return;
            }
            refreshing.is_running = true;
        }
        let running = Running {
            map: Arc::clone(self),
            is_over: false,
        };
        run(background, running.refresh_while_asked());
    }

    /// Asks for a refresh because a slot has no replica to read from. Nodes name a replica only
    /// once it has copied something.
    pub(super) fn ask_for_replicas(self: &Arc<Self>, background: Option<&Background>) {
        let is_due = {
            let last = self.refreshing().last;
            last.is_none_or(|last| last.elapsed() >= MISSING_SOUGHT_EVERY)
        };
        if is_due {
            self.ask_for_refresh(None, background);
        }
    }

    /// Refreshes the table now and then, while it is used.
    pub(super) fn refresh_regularly(self: &Arc<Self>, background: &Background) {
        let map = Arc::downgrade(self);
        let loss = self.coverage.loss();
        background.run(async move {
            let mut every = SEEDS_ASKED_EVERY;
            loop {
                let jitter = 0.75 + fastrand::f64() / 2.0;
                let is_lost = timeout(every.mul_f64(jitter), loss.notified())
                    .await
                    .is_ok();
                let Some(map) = map.upgrade() else { return };
                if !is_lost {
                    // A failure leaves the table as it is. Calls say what is wrong.
                    let _ = map.refresh_from(map.seeds().chain(map.known(None))).await;
                }
                every = match map.uncovered() {
                    Some(_) => MISSING_SOUGHT_EVERY,
                    None => SEEDS_ASKED_EVERY,
                };
            }
        });
    }

    fn refreshing(&self) -> MutexGuard<'_, Refreshing> {
        // Nothing that panics runs under this lock.
        self.refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    async fn refresh_while_asked(mut self) {
        loop {
            let last = self.map.refreshing().last;
            let since = last.map_or(REFRESHED_EVERY, |last| last.elapsed());
            let jitter = REFRESHED_EVERY.mul_f64(fastrand::f64() / 4.0);
            tokio::time::sleep(REFRESHED_EVERY.saturating_sub(since) + jitter).await;
            let knows_best = {
                let mut refreshing = self.map.refreshing();
                refreshing.is_asked = false;
                refreshing.last = Some(Instant::now());
                refreshing.knows_best.take()
            };
            // A failure leaves the table as it is. Calls say what is wrong, and ask again.
            let nodes = self.map.whom_to_ask(knows_best);
            let _ = self.map.refresh_from(nodes).await;
            let mut refreshing = self.map.refreshing();
            if !refreshing.is_asked {
                refreshing.is_running = false;
                self.is_over = true;
                return;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.map.refreshing().is_running = false;
        }
    }
}

/// Runs a refresh on the watch's thread, or on a thread of its own if there is none.
fn run(background: Option<&Background>, refresh: impl Future<Output = ()> + Send + 'static) {
    if let Some(background) = background {
        background.run(refresh);
        return;
    }
    // If there is no thread, the next call asks again.
    let _ = os_thread::start("redis-components-cluster", move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(refresh);
            // A name that is still being resolved is not waited for.
            runtime.shutdown_background();
        }
    });
}
