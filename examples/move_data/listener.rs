//! A subscriber that hears numbers, which are published meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis_components::{Error, Subscriber, SubscriberEvent};
use tokio::task::JoinHandle;

const NAME: &str = "demo";
const PUBLISHED_EVERY: Duration = Duration::from_millis(1);
/// How long a message may be on its way before it counts as missed.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2);

/// A subscriber, and a task that publishes until it is stopped.
pub(crate) struct Listener {
    figures: Arc<Figures>,
    publishing: JoinHandle<()>,
    listening: JoinHandle<()>,
}

/// What was published and heard until now.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    stopped: AtomicBool,
    published: AtomicU64,
    /// How often each was heard.
    heard: Mutex<BTreeMap<u64, u64>>,
    gaps: AtomicU64,
    reasons: Mutex<Vec<String>>,
}

/// What has become of the messages.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) published: u64,
    pub(crate) missed: u64,
    /// One of the servers replicates the other while the subscriber listens to both.
    pub(crate) twice: u64,
    pub(crate) gaps: u64,
    pub(crate) reasons: Vec<String>,
}

impl Listener {
    /// # Errors
    ///
    /// Returns an error if nothing can be subscribed to.
    pub(crate) async fn start() -> Result<Self, Error> {
        let subscriber = app::queues::announcements(NAME).await?;
        let figures = Arc::<Figures>::default();
        Ok(Self {
            publishing: tokio::spawn(publish(Arc::clone(&figures))),
            listening: tokio::spawn(listen(subscriber, Arc::clone(&figures))),
            figures,
        })
    }

    pub(crate) fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// Stops publishing, and waits for the last messages.
    pub(crate) async fn stop(self) -> Heard {
        self.figures.stopped.store(true, Relaxed);
        let mut reasons = Vec::new();
        if let Err(error) = self.publishing.await {
            reasons.push(error.to_string());
        }
        tokio::time::sleep(ARRIVES_WITHIN).await;
        self.listening.abort();
        let figures = &self.figures;
        reasons.append(&mut lock(&figures.reasons));
        let published = figures.published.load(Relaxed);
        let heard = lock(&figures.heard);
        let missing = (0..published).filter(|number| !heard.contains_key(number));
        Heard {
            published,
            missed: u64::try_from(missing.count()).unwrap_or(u64::MAX),
            twice: heard.values().map(|times| times - 1).sum(),
            gaps: figures.gaps.load(Relaxed),
            reasons,
        }
    }
}

impl Figures {
    /// Returns how many messages were passed over: later ones were heard.
    pub(crate) fn missed(&self) -> u64 {
        let heard = lock(&self.heard);
        let last = heard.last_key_value().map_or(0, |(last, _)| last + 1);
        last.saturating_sub(heard.len() as u64)
    }
}

async fn publish(figures: Arc<Figures>) {
    while !figures.stopped.load(Relaxed) {
        let number = figures.published.load(Relaxed).to_string();
        match app::queues::announce(NAME, &number).await {
            Ok(_) => {
                figures.published.fetch_add(1, Relaxed);
            }
            Err(error) => lock(&figures.reasons).push(format!("publish: {error}")),
        }
        tokio::time::sleep(PUBLISHED_EVERY).await;
    }
}

async fn listen(mut subscriber: Subscriber, figures: Arc<Figures>) {
    while let Some(event) = subscriber.next().await {
        match event {
            Ok(SubscriberEvent::Message(message)) => {
                if let Ok(number) = message.get_payload() {
                    *lock(&figures.heard).entry(number).or_default() += 1;
                }
            }
            Ok(event) if event.is_gap() => {
                figures.gaps.fetch_add(1, Relaxed);
            }
            Ok(_) => {}
            Err(error) => lock(&figures.reasons).push(format!("listen: {error}")),
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
