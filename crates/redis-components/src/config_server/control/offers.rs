//! The candidates that the control key names, as components find them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use super::prepared::Prepared;
use crate::config_server::places::Places;
use crate::config_server::signal::Signal;
use crate::config_server::watched_key::WatchedKey;

/// A candidate for a component.
#[derive(Debug)]
pub(crate) struct Offer {
    prepared: Prepared,
    watched: Arc<WatchedKey>,
}

/// The candidates by component.
type All = BTreeMap<String, Arc<Offer>>;

/// The candidates that there are now.
#[derive(Debug)]
pub(crate) struct Offers(watch::Sender<All>);

/// Tells a component which candidate there is for it.
#[derive(Debug)]
pub(crate) struct OffersFor {
    component: String,
    all: watch::Receiver<All>,
}

impl Offer {
    /// Returns the id that receipts name.
    pub(crate) fn id(&self) -> &str {
        &self.prepared.id
    }

    /// Returns the state of the candidate's config, as of one that never changes.
    pub(crate) fn watched(&self) -> &Arc<WatchedKey> {
        &self.watched
    }

    /// Returns when the candidate ends, if that was said.
    pub(crate) fn until(&self) -> Option<SystemTime> {
        self.prepared.until
    }

    pub(crate) fn is_over(&self) -> bool {
        self.until().is_some_and(|until| until <= SystemTime::now())
    }

    /// Returns `true` if a command that a server refused with this code may go to the candidate.
    pub(crate) fn takes(&self, code: &str) -> bool {
        self.prepared.takes.has(code)
    }

    /// Returns the run of the candidate's server that has the data, if that was said.
    pub(crate) fn run_id(&self) -> Option<&str> {
        self.prepared.run_id.as_deref()
    }

    /// Returns `true` if a command that a server refused with this code waits until the candidate is in
    /// force.
    pub(crate) fn holds(&self, code: &str) -> bool {
        self.prepared.holds.has(code)
    }

    /// Returns `true` if the candidate has the data of the server in force when it comes into force: it
    /// is given commands that were meant for that one.
    pub(crate) fn has_same_data(&self) -> bool {
        !(self.prepared.takes.is_empty() && self.prepared.holds.is_empty())
    }
}

impl Offers {
    pub(in crate::config_server) fn new() -> Self {
        Self(watch::Sender::new(All::new()))
    }

    /// Notes which candidates there are. Those that were there stay as they are.
    pub(in crate::config_server) fn renew(
        &self,
        prepared: &BTreeMap<String, Prepared>,
        places: &Places,
        signal: &Arc<Signal>,
    ) {
        self.0.send_modify(|all| {
            *all = prepared
                .iter()
                .map(|(component, prepared)| {
                    let known = all.get(component);
                    let same = known.filter(|known| known.prepared == *prepared);
                    let new = || Arc::new(Offer::new(prepared, places, signal));
                    (component.clone(), same.map_or_else(new, Arc::clone))
                })
                .collect();
        });
    }

    /// Lets everybody look again who waits for a change of a candidate.
    pub(in crate::config_server) fn tell(&self) {
        for offer in self.0.borrow().values() {
            offer.watched.tell();
        }
    }

    pub(in crate::config_server) fn for_component(&self, component: &str) -> OffersFor {
        OffersFor {
            component: component.to_owned(),
            all: self.0.subscribe(),
        }
    }
}

impl Offer {
    fn new(prepared: &Prepared, places: &Places, signal: &Arc<Signal>) -> Self {
        let config = &prepared.config;
        let watched = WatchedKey::fixed_until(config.clone(), Arc::clone(signal));
        let watched = Arc::new(watched);
        let outside = places.find(&watched, config);
        watched.note_outside(&outside);
        Self {
            prepared: prepared.clone(),
            watched,
        }
    }
}

impl OffersFor {
    /// Returns the candidate that there is now, unless its time is over.
    pub(crate) fn current(&mut self) -> Option<Arc<Offer>> {
        let all = self.all.borrow_and_update();
        let offer = all.get(&self.component)?;
        (!offer.is_over()).then(|| Arc::clone(offer))
    }

    /// Waits until there may be another. Returns `false` if there never will.
    pub(crate) async fn changed(&mut self) -> bool {
        self.all.changed().await.is_ok()
    }
}
