//! A place that configs name, and what is seen of the servers there: a task for each.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis_components::ComponentConfig;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::info::Role;
use super::nodes::{Moving, Node, Reading, changes_servers, find};

/// Clusters and sentinels are asked as often which servers there are.
const RESOLVE: Duration = Duration::from_secs(30);
/// The pause before a server that does not answer is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The servers of one place. It is looked at until this is dropped.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// The configs that name the place, of which one must be good enough to look with.
    configs: Vec<ComponentConfig>,
    moving: Moving,
    readings: watch::Receiver<Vec<Reading>>,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// Begins to look.
    pub(super) fn new(configs: Vec<ComponentConfig>, moving: Moving, every: Duration) -> Self {
        Self::beginning(configs, moving, every, Vec::new())
    }

    fn beginning(
        configs: Vec<ComponentConfig>,
        moving: Moving,
        every: Duration,
        seen: Vec<Reading>,
    ) -> Self {
        let (sender, readings) = watch::channel(seen);
        let task = tokio::spawn(look(configs.clone(), moving, every, sender));
        Self {
            configs,
            moving,
            readings,
            task,
        }
    }

    /// Looks with other configs from now on, or for a move, if they are others.
    pub(super) fn change(
        &mut self,
        configs: Vec<ComponentConfig>,
        moving: Moving,
        every: Duration,
    ) {
        if self.configs != configs || self.moving != moving {
            // What was seen stays until more is seen.
            let seen = self.readings();
            *self = Self::beginning(configs, moving, every, seen);
        }
    }

    /// Returns what was seen last; nothing before the first look has ended.
    pub(super) fn readings(&self) -> Vec<Reading> {
        self.readings.borrow().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks for as long as somebody wants to know.
async fn look(
    configs: Vec<ComponentConfig>,
    moving: Moving,
    every: Duration,
    sender: watch::Sender<Vec<Reading>>,
) {
    let mut turn = 0;
    while !sender.is_closed() {
        let Some(config) = configs.get(turn % configs.len().max(1)) else {
            return;
        };
        // Another login may be accepted where this one is not.
        if let Err(readings) = look_with(config, moving, every, &sender).await {
            sender.send_replace(readings);
            turn += 1;
            if turn % configs.len() == 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Looks with one config, until no server answers.
async fn look_with(
    config: &ComponentConfig,
    moving: Moving,
    every: Duration,
    sender: &watch::Sender<Vec<Reading>>,
) -> Result<(), Vec<Reading>> {
    let changes = changes_servers(config);
    let mut known: Vec<Node> = Vec::new();
    let mut due = Some(Instant::now());
    while !sender.is_closed() {
        let begin = Instant::now();
        if due.is_some_and(|due| due <= begin) {
            match find(config, &mut known).await {
                // Nodes that are known may still answer.
                Err(failure) if known.is_empty() => {
                    return Err(vec![Reading {
                        server: config.address(),
                        problem: Some(failure.message),
                        ..Reading::default()
                    }]);
                }
                _ => due = changes.then_some(begin + RESOLVE),
            }
        }
        let mut readings = join_all(known.iter_mut().map(|node| node.look(moving))).await;
        readings.sort_by(|a, b| a.server.cmp(&b.server));
        if readings.iter().all(|reading| reading.problem.is_some()) {
            return Err(readings);
        }
        if readings.iter().any(has_changed) {
            // Another server may have taken its place.
            due = due.map(|due| due.min(begin + PAUSE));
        }
        sender.send_replace(readings);
        tokio::time::sleep(every.saturating_sub(begin.elapsed())).await;
    }
    Ok(())
}

/// Returns `true` if others may name another server now.
fn has_changed(reading: &Reading) -> bool {
    let role = reading.info.as_ref().and_then(|info| info.role);
    reading.problem.is_some() || role == Some(Role::Replica)
}
