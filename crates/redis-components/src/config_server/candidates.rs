//! The servers that may hold the configs, and the one that is used.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::sleep;

use super::bound::Bound;
use super::connection::Connection;
use super::places::Places;
use super::pushes::Pushes;
use super::refusal;
use super::signal::Signal;
use super::state::State;
use crate::config::ComponentConfig;
use crate::config::endpoint::Primary;
use crate::settings::policy::Policy;
use crate::settings::timeouts::Timeouts;
use crate::transport::contents::resolve::resolve;
use crate::transport::demand::Demand;
use crate::transport::failure::{Cause, Failure};
use crate::transport::no_primary::NoPrimary;
use crate::transport::node::Node;
use crate::transport::sentinel::watcher::{Found, Watcher};

/// How long a server is tried alone before the next one is tried too: the delay of Happy Eyeballs
/// (RFC 8305) between two addresses.
const HEAD_START: Duration = Duration::from_millis(250);

/// The servers of a config server, in the order in which they are tried.
pub(super) struct Candidates {
    configs: Vec<ComponentConfig>,
    /// The watches of sentinels, by the number of their server. They begin at the first connect.
    watchers: Vec<Option<Arc<Watcher>>>,
    policy: Arc<Policy>,
    timeouts: Timeouts,
    places: Places,
    state: Arc<State>,
}

/// A connection to one of the servers.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) node: Arc<Node>,
    /// Why the server does not push.
    pub(super) refusal: Option<String>,
    pub(super) place: Place,
    /// Why servers before it in the list are not used.
    pub(super) unused: Option<String>,
}

/// Where a connection leads.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) address: String,
    number: usize,
    /// The primary that sentinels named.
    primary: Option<Primary>,
}

impl Candidates {
    pub(super) fn new(
        configs: Vec<ComponentConfig>,
        policy: Arc<Policy>,
        timeouts: Timeouts,
        places: Places,
        state: Arc<State>,
    ) -> Self {
        Self {
            watchers: vec![None; configs.len()],
            configs,
            policy,
            timeouts,
            places,
            state,
        }
    }

    /// Returns `true` if another server can take the place of one that fails.
    pub(super) fn are_several(&self) -> bool {
        self.configs.len() > 1
    }

    /// Connects to the first server of the list that can be used. The next one is tried as soon as
    /// one fails, or has not answered for a while: then the first to answer is taken.
    ///
    /// # Errors
    ///
    /// Returns an error that names all servers if none can be used within the bound.
    pub(super) async fn open(
        &mut self,
        pushes: Option<&Pushes>,
        bound: Bound,
    ) -> Result<Opened, Failure> {
        self.watch_sentinels();
        let this = &*self;
        let mut waiting = (0..this.configs.len()).map(|number| async move {
            let opened = this.open_one(number, pushes, bound).await;
            (number, opened)
        });
        let mut trying: FuturesUnordered<_> = waiting.next().into_iter().collect();
        let mut failures: Vec<Option<Failure>> = vec![None; this.configs.len()];
        loop {
            let left = waiting.len() > 0;
            let late = async {
                if left {
                    sleep(this.head_start()).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            match select(trying.next(), Box::pin(late)).await {
                Either::Left((Some((_, Ok(mut opened))), _)) => {
                    opened.unused = this.unused(opened.place.number, &failures);
                    return Ok(opened);
                }
                Either::Left((Some((number, Err(failure))), _)) => failures[number] = Some(failure),
                Either::Left((None, _)) if !left => return Err(this.none(failures)),
                _ => {}
            }
            trying.extend(waiting.next());
        }
    }

    /// Returns `true` if sentinels name another primary than the one that is connected.
    pub(super) fn has_moved(&self, place: &Place) -> bool {
        let watcher = self.watchers[place.number].as_ref();
        let primary = watcher.and_then(|watcher| watcher.found().primary);
        match (primary, &place.primary) {
            (Some(named), Some(connected)) => named.address != connected.address,
            _ => false,
        }
    }

    /// All servers get a part of the time to connect.
    fn head_start(&self) -> Duration {
        let count = u32::try_from(self.configs.len()).unwrap_or(u32::MAX);
        HEAD_START.min(self.timeouts.connect / (2 * count))
    }

    async fn open_one(
        &self,
        number: usize,
        pushes: Option<&Pushes>,
        bound: Bound,
    ) -> Result<Opened, Failure> {
        let (config, primary, node) = bound.wait(self.prepare(number)).await?;
        let opening = Connection::open(&node, self.timeouts, pushes);
        let opened = bound.wait_for(&node, opening).await;
        if opened
            .as_ref()
            .is_err_and(|failure| failure.cause == Cause::Refused)
        {
            self.places.sources().note_refused(node.login());
        }
        let (mut connection, refusal) = opened?;
        if self.are_several() || node.is_of_cluster() {
            bound.wait(self.probe(&mut connection)).await?;
        }
        Ok(Opened {
            connection,
            node,
            refusal,
            place: Place {
                address: config.address(),
                number,
                primary,
            },
            unused: None,
        })
    }

    /// Finds out where the server is and how to log in to it.
    async fn prepare(
        &self,
        number: usize,
    ) -> Result<(ComponentConfig, Option<Primary>, Arc<Node>), Failure> {
        let mut config = self.configs[number].clone();
        let mut primary = None;
        if let Some(watcher) = &self.watchers[number] {
            primary = Some(named(watcher).await?);
            config = config.with_primary(primary.clone());
        }
        let config = resolve(&config, self.places.sources(), self.timeouts.connect).await?;
        let demand = Demand::of(config.endpoint()).of_any_slots();
        let connect = self.timeouts.connect;
        let node = Node::prepare_for(demand, &config, &self.policy, connect).await?;
        Ok((config, primary, node))
    }

    /// Finds out if the server lets configs be read: otherwise the next one gets its turn. The answers
    /// are not used, because the watch notes before each read what it knows of a key.
    async fn probe(&self, connection: &mut Connection) -> Result<(), Failure> {
        // If it is the only one, what it says of a key is told of that key.
        let mut keys: Vec<String> = if self.are_several() {
            self.state.keys().keys().cloned().collect()
        } else {
            Vec::new()
        };
        let count = keys.len();
        keys.extend(refusal::samples(self.state.control.key()));
        let answers = connection.read(keys.iter().map(String::as_str)).await?;
        let of_configs = &answers[..count];
        let failure = refusal::for_the_moment(of_configs)
            .or_else(|| refusal::of_cluster(&answers))
            .or_else(|| refusal::of_all(of_configs));
        failure.map_or(Ok(()), Err)
    }

    fn watch_sentinels(&mut self) {
        for (config, watcher) in self.configs.iter().zip(&mut self.watchers) {
            if let (Some(sentinels), None) = (config.sentinels(), &watcher) {
                let begun = self.places.watch(sentinels);
                tokio::spawn(wake(begun.subscribe(), Arc::clone(&self.state.signal)));
                *watcher = Some(begun);
            }
        }
    }

    fn unused(&self, used: usize, failures: &[Option<Failure>]) -> Option<String> {
        let before = self.configs.iter().zip(failures).take(used);
        let reasons: Vec<String> = before
            .map(|(config, failure)| {
                let reason = failure.as_ref().map(|failure| &*failure.message);
                let reason = reason.unwrap_or("it had not answered when the next one was used");
                format!("{}: {reason}", config.address())
            })
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn none(&self, failures: Vec<Option<Failure>>) -> Failure {
        let mut all: Vec<(&ComponentConfig, Failure)> = self
            .configs
            .iter()
            .zip(failures)
            .filter_map(|(config, failure)| Some((config, failure?)))
            .collect();
        if all.len() == 1
            && let Some((_, failure)) = all.pop()
        {
            return failure;
        }
        let is_refusal = all.iter().all(|(_, failure)| failure.is_refusal());
        let mut causes = all.iter().map(|(_, failure)| failure.cause);
        // What this process lacks for one server may be no matter for another.
        let cause = match causes.clone().find(|cause| *cause != Cause::Local) {
            _ if !is_refusal => Cause::Unreachable,
            Some(cause) => cause,
            None => causes.next().unwrap_or(Cause::Unreachable),
        };
        let reasons: Vec<String> = all
            .iter()
            .map(|(config, failure)| format!("{}: {}", config.address(), failure.message))
            .collect();
        Failure::new(cause, reasons.join("; "))
    }
}

/// Waits for the primary that sentinels name.
async fn named(watcher: &Watcher) -> Result<Primary, Failure> {
    if watcher.found().primary.is_some() {
        // Its connection may have ended because it is none any more.
        watcher.ask().await;
    }
    let mut found = watcher.subscribe();
    let known = |found: &Found| found.primary.is_some() || found.problem.is_some();
    let found = found.wait_for(known).await.map(|found| found.clone());
    match found {
        Ok(Found {
            primary: Some(primary),
            ..
        }) => Ok(primary),
        Ok(Found {
            problem: Some(problem),
            ..
        }) => Err(problem.into()),
        _ => Err(NoPrimary::watch_ended().into()),
    }
}

/// Wakes the watch of configs when sentinels say something new.
async fn wake(mut found: watch::Receiver<Found>, signal: Arc<Signal>) {
    let mut primary = None;
    while found.changed().await.is_ok() {
        let now = found.borrow_and_update().primary.clone();
        if now != primary {
            primary = now;
            signal.wake();
        }
    }
}
