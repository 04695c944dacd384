//! Following the config server and all servers at the same time.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::endpoint::Endpoint;
use super::known::Known;
use super::reader::Reader;
use super::snapshot::Snapshot;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::place::Place;
use crate::time::now;

/// The pause before the next attempt to connect to the config server.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows everything, and says what it sees.
#[derive(Debug)]
pub(crate) struct Observer {
    place: Place,
    stage: Rc<Cell<Stage>>,
    every: Duration,
    reader: Reader,
    sender: watch::Sender<Arc<Snapshot>>,
}

impl Observer {
    /// Reads everything for the first time. The servers of the components are looked at later.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or does not show the configs. Once
    /// it runs, that is shown and it goes on.
    pub(crate) async fn open(
        place: Place,
        stage: Rc<Cell<Stage>>,
        every: Duration,
    ) -> Result<(Self, watch::Receiver<Arc<Snapshot>>), Failure> {
        let reader = Reader::open(place.clone(), Rc::clone(&stage), every).await?;
        let known = reader.known();
        let first = known.snapshot(&known.places(), &BTreeMap::new());
        let (sender, receiver) = watch::channel(Arc::new(first));
        let observer = Self {
            place,
            stage,
            every,
            reader,
            sender,
        };
        Ok((observer, receiver))
    }

    /// Follows until nobody listens any more.
    pub(crate) async fn run(self) {
        let Self {
            place,
            stage,
            every,
            reader,
            sender,
        } = self;
        let known = Shared {
            known: RefCell::new(reader.known().clone()),
            changed: Notify::new(),
        };
        // A config server that does not answer must not keep the rest from being shown.
        tokio::select! {
            () = follow(reader, &place, &stage, every, &known) => {}
            () = show(&known, every, &sender) => {}
        }
    }
}

/// What the config server has said.
struct Shared {
    known: RefCell<Known>,
    changed: Notify,
}

impl Shared {
    fn replace(&self, known: &Known) {
        self.known.replace(known.clone());
        self.changed.notify_one();
    }

    fn lose(&self, failure: &Failure) {
        let mut known = self.known.borrow_mut();
        let since = match known.lost.take() {
            Some((_, since)) => since,
            None => now(),
        };
        let advice = match failure.code {
            Code::ConfigServerUnreachable => "it is tried again each second",
            _ => "what it shows is tried again each second",
        };
        known.lost = Some((format!("{}; {advice}", failure.message), since));
        self.changed.notify_one();
    }
}

/// Follows the config server, through all its failures.
async fn follow(
    mut reader: Reader,
    place: &Place,
    stage: &Rc<Cell<Stage>>,
    every: Duration,
    shared: &Shared,
) {
    loop {
        let failure = loop {
            if let Err(failure) = reader.next().await {
                break failure;
            }
            shared.replace(reader.known());
        };
        shared.lose(&failure);
        loop {
            sleep(PAUSE).await;
            match Reader::open(place.clone(), Rc::clone(stage), every).await {
                Ok(opened) => {
                    reader = opened;
                    shared.replace(reader.known());
                    break;
                }
                Err(failure) => shared.lose(&failure),
            }
        }
    }
}

/// Looks at the servers that are known, and shows all that is seen.
async fn show(shared: &Shared, every: Duration, sender: &watch::Sender<Arc<Snapshot>>) {
    let mut endpoints: BTreeMap<String, Endpoint> = BTreeMap::new();
    let mut ticks = interval(every.min(Duration::from_secs(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !sender.is_closed() {
        let snapshot = {
            let known = shared.known.borrow();
            let places = known.places();
            let names: BTreeSet<&String> = places.keys().collect();
            endpoints.retain(|name, _| names.contains(name));
            for (name, named) in &places {
                let configs = named.configs.clone();
                match endpoints.get_mut(name) {
                    Some(endpoint) => endpoint.change(configs, named.moving, every),
                    None => {
                        endpoints.insert(name.clone(), Endpoint::new(configs, named.moving, every));
                    }
                }
            }
            let readings = endpoints
                .iter()
                .map(|(name, endpoint)| (name.clone(), endpoint.readings()))
                .collect();
            known.snapshot(&places, &readings)
        };
        sender.send_replace(Arc::new(snapshot));
        tokio::select! {
            _ = ticks.tick() => {}
            () = shared.changed.notified() => {}
        }
    }
}
