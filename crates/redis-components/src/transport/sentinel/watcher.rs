//! All sentinels of a service: who is where, asked in rounds.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout_at};

use super::fleet::Fleet;
use super::link::{ANSWERS_WITHIN, Report};
use crate::config::endpoint::{Primary, Sentinels};
use crate::settings::policy::Policy;
use crate::telemetry;
use crate::transport::contents::sources::Sources;
use crate::transport::no_primary::NoPrimary;

/// The interval between rounds, in which nothing has happened.
const EVERY: Duration = Duration::from_secs(1);
/// Rounds begin no faster, whatever callers and sentinels ask for.
const FASTEST: Duration = Duration::from_millis(20);
/// As long as no primary is known, the first answer waits this long for the others: its sentinel may
/// be cut off from them.
const GRACE: Duration = Duration::from_millis(250);
/// A primary that is known is reported as lost when no sentinel has named one for this long.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// A handle to the watch of one service. The watch ends with its last handle.
#[derive(Debug)]
pub(crate) struct Watcher {
    found: watch::Receiver<Found>,
    asks: Arc<Asks>,
    /// Ends the watch when it is dropped.
    _alive: oneshot::Sender<()>,
}

/// What the sentinels say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The last primary that they named.
    pub(crate) primary: Option<Primary>,
    /// Why they name none now.
    pub(crate) problem: Option<NoPrimary>,
    /// The number of the last round that has ended.
    round: u64,
}

/// How callers ask for a round.
#[derive(Debug, Default)]
struct Asks {
    /// The number of the newest round that has begun.
    begun: AtomicU64,
    wake: Notify,
}

impl Watcher {
    /// Watches the sentinels on the current runtime. `policy` says which may be connected to, and
    /// `connect` bounds each connect. Also returns the task to run there.
    pub(crate) fn new(
        sentinels: &Sentinels,
        policy: &Arc<Policy>,
        sources: &Arc<Sources>,
        connect: Duration,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
        let (sender, found) = watch::channel(Found::default());
        let (alive, ended) = oneshot::channel();
        let asks = Arc::<Asks>::default();
        let watch = Watch {
            sentinels: sentinels.clone(),
            policy: Arc::clone(policy),
            sources: Arc::clone(sources),
            connect,
            found: sender,
            asks: Arc::clone(&asks),
            switched: Arc::default(),
            missing_since: None,
        };
        let watcher = Self {
            found,
            asks,
            _alive: alive,
        };
        let task = async move {
            select(pin!(ended), pin!(watch.run())).await;
        };
        (Arc::new(watcher), task)
    }

    /// Returns what the sentinels say now.
    pub(crate) fn found(&self) -> Found {
        self.found.borrow().clone()
    }

    /// Returns the channel that tells what they say, at the end of each round and when the primary
    /// changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Found> {
        self.found.clone()
    }

    /// Asks all sentinels now, and waits until they have answered, or their time is over.
    pub(crate) async fn ask(&self) {
        let next = self.asks.begun.load(Ordering::SeqCst) + 1;
        self.asks.wake.notify_one();
        // An error says that the watch has ended.
        let _ = self
            .found
            .clone()
            .wait_for(|found| found.round >= next)
            .await;
    }
}

struct Watch {
    sentinels: Sentinels,
    policy: Arc<Policy>,
    sources: Arc<Sources>,
    connect: Duration,
    found: watch::Sender<Found>,
    asks: Arc<Asks>,
    /// Wakes the watch when a sentinel publishes a switch.
    switched: Arc<Notify>,
    /// When the sentinels began to name no primary.
    missing_since: Option<Instant>,
}

impl Watch {
    async fn run(mut self) {
        let (sender, mut reports) = mpsc::unbounded_channel();
        let asks = Arc::clone(&self.asks);
        let mut fleet = Fleet::new(
            &self.sentinels,
            &self.policy,
            &self.sources,
            self.connect,
            sender,
            &self.switched,
        );
        loop {
            let begun = Instant::now();
            let mut asked = self.round(&mut fleet, &mut reports, begun).await;
            self.conclude(&mut fleet);
            asked |= fleet.has_more_to_ask();
            // Processes that began together do not ask together.
            let next = begun + EVERY - (EVERY / 5).mul_f64(fastrand::f64());
            while !asked {
                let woken = timeout_at(next.into(), asks.wake.notified());
                let news = match select(pin!(self.news(&mut reports)), pin!(woken)).await {
                    Either::Left((news, _)) => news,
                    // Somebody asks, or it is time.
                    Either::Right(_) => None,
                };
                asked = news.is_none_or(|news| {
                    let asks = self.take(&mut fleet, news);
                    asks || !self.knows_primary() && fleet.has_answers()
                });
            }
            sleep_until((begun + FASTEST).into()).await;
        }
    }

    /// Asks every sentinel that is connected. Returns `true` if one has published a switch since.
    async fn round(
        &mut self,
        fleet: &mut Fleet,
        reports: &mut mpsc::UnboundedReceiver<Report>,
        begun: Instant,
    ) -> bool {
        let round = self.asks.begun.fetch_add(1, Ordering::SeqCst) + 1;
        fleet.begin(round);
        let mut first_answer = fleet.has_answers().then_some(begun);
        let mut switched = false;
        loop {
            let (complete, end) = if self.knows_primary() {
                (!fleet.has_unanswered(), begun + ANSWERS_WITHIN)
            } else if fleet.has_answers() {
                let first = *first_answer.get_or_insert_with(Instant::now);
                (!fleet.has_undecided(), first + GRACE)
            } else {
                // A connect that takes too long ends first, and says what to check.
                (!fleet.has_undecided(), begun + self.connect + GRACE)
            };
            // Sentinels that publish without end do not make a round longer.
            if complete || Instant::now() >= end {
                break;
            }
            match timeout_at(end.into(), self.news(reports)).await {
                Ok(Some(news)) => {
                    switched |= self.take(fleet, news);
                    if switched && self.knows_primary() {
                        break;
                    }
                }
                // The time is over; the fleet holds a sender.
                _ => break,
            }
        }
        switched
    }

    /// Waits for news. Reports come first, so that a sentinel that publishes without end does not
    /// hide what the others say.
    async fn news(&self, reports: &mut mpsc::UnboundedReceiver<Report>) -> Option<News> {
        match select(pin!(reports.recv()), pin!(self.switched.notified())).await {
            Either::Left((report, _)) => report.map(News::Report),
            Either::Right(_) => Some(News::Switched),
        }
    }

    /// Takes news. Once a primary is known, a newer one counts at once. Returns `true` if the news
    /// ask for a round.
    fn take(&mut self, fleet: &mut Fleet, news: News) -> bool {
        match news {
            News::Report(report) => fleet.take(report),
            News::Switched => {
                fleet.note_switch();
                return true;
            }
        }
        if !self.knows_primary() {
            return false;
        }
        self.elect(fleet);
        fleet.has_unexplained()
    }

    fn knows_primary(&self) -> bool {
        self.found.borrow().primary.is_some()
    }

    fn elect(&mut self, fleet: &mut Fleet) {
        if let Some(primary) = fleet.elect() {
            self.found
                .send_modify(|found| found.primary = Some(primary));
        }
    }

    /// Ends a round.
    fn conclude(&mut self, fleet: &mut Fleet) {
        // Of sentinels that disagree, the most may not have heard of a fail-over yet.
        if self.knows_primary() || !fleet.has_more_to_ask() {
            self.elect(fleet);
        }
        fleet.follow_peers();
        let missing = fleet.no_primary(self.found.borrow().primary.as_ref());
        let since = self.missing_since.unwrap_or_else(Instant::now);
        self.missing_since = missing.is_some().then_some(since);
        let before = self.found.borrow().clone();
        let is_believed = before.primary.is_none() || since.elapsed() >= LOST_AFTER;
        let problem = match missing {
            Some(_) if !is_believed => before.problem.clone(),
            missing => missing,
        };
        let service = &self.sentinels.service;
        match (&before.problem, &problem) {
            (None, Some(problem)) if fleet.has_answers() => {
                telemetry::sentinels::disagree(service, &problem.message);
            }
            (None, Some(problem)) => telemetry::sentinels::lost(service, &problem.message),
            (Some(_), None) => telemetry::sentinels::back(service),
            _ => {}
        }
        let round = self.asks.begun.load(Ordering::SeqCst);
        self.found.send_modify(|found| {
            found.problem = problem;
            found.round = round;
        });
    }
}

/// What the watch waits for.
enum News {
    Report(Report),
    /// A sentinel has published that the primary is elsewhere.
    Switched,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
