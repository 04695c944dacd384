//! A queue that is filled and emptied meanwhile. Who pops waits over a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinHandle;

const NAME: &str = "demo";
const PUSHED_EVERY: Duration = Duration::from_millis(2);
/// How long a pop waits for an item.
const WAITS: Duration = Duration::from_secs(2);

/// Tasks that push and pop until they are stopped.
pub(crate) struct Queue {
    stopped: Arc<AtomicBool>,
    pushing: JoinHandle<Pushed>,
    popping: JoinHandle<Popped>,
}

#[derive(Debug, Default)]
struct Pushed {
    number: u64,
    reasons: Vec<String>,
}

#[derive(Debug, Default)]
struct Popped {
    items: BTreeMap<u64, u64>,
    reasons: Vec<String>,
}

/// What has become of the items.
#[derive(Debug)]
pub(crate) struct Items {
    pub(crate) pushed: u64,
    pub(crate) lost: u64,
    pub(crate) twice: u64,
    pub(crate) reasons: Vec<String>,
}

impl Queue {
    pub(crate) fn start() -> Self {
        let stopped = Arc::<AtomicBool>::default();
        Self {
            pushing: tokio::spawn(push(Arc::clone(&stopped))),
            popping: tokio::spawn(pop(Arc::clone(&stopped))),
            stopped,
        }
    }

    /// Stops pushing, and pops until the queue is empty.
    pub(crate) async fn stop(self) -> Items {
        self.stopped.store(true, Relaxed);
        let pushed = self.pushing.await.unwrap_or_default();
        let popped = self.popping.await.unwrap_or_default();
        let missing = (0..pushed.number).filter(|item| !popped.items.contains_key(item));
        Items {
            pushed: pushed.number,
            lost: u64::try_from(missing.count()).unwrap_or(u64::MAX),
            twice: popped.items.values().map(|times| times - 1).sum(),
            reasons: [pushed.reasons, popped.reasons].concat(),
        }
    }
}

async fn push(stopped: Arc<AtomicBool>) -> Pushed {
    let mut pushed = Pushed::default();
    while !stopped.load(Relaxed) {
        let item = pushed.number.to_string();
        match app::queues::sharded_rpush(NAME, &[&item]).await {
            Ok(_) => pushed.number += 1,
            Err(error) => pushed.reasons.push(format!("push: {error}")),
        }
        tokio::time::sleep(PUSHED_EVERY).await;
    }
    pushed
}

async fn pop(stopped: Arc<AtomicBool>) -> Popped {
    let mut popped = Popped::default();
    loop {
        // Looked at first: what is pushed before is popped by a call after.
        let is_last = stopped.load(Relaxed);
        match app::queues::sharded_blpop(NAME, WAITS).await {
            Ok(Some(item)) => {
                let item = item.parse().unwrap_or(u64::MAX);
                *popped.items.entry(item).or_default() += 1;
            }
            Ok(None) if is_last => return popped,
            Ok(None) => {}
            Err(error) => {
                popped.reasons.push(format!("pop: {error}"));
                if is_last {
                    return popped;
                }
            }
        }
    }
}
