//! The state that all actors share.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use redis_components::{Scope, Settings};

use crate::fleet::Fleet;
use crate::freezer::Freezer;
use crate::gate::Gate;
use crate::lock::lock;
use crate::places::{CONNECT, Part, REREAD, RESPONSE};
use crate::record::effect::Effect;
use crate::record::elements::Elements;
use crate::record::faults::Faults;
use crate::record::history::{History, What};
use crate::record::journal::Journal;
use crate::record::ledger::Ledger;
use crate::record::stall_watch::StallWatch;
use crate::record::tally::Tally;
use crate::which::{COMPONENTS, Which};
use crate::world::World;

/// The servers, what was done to them and what was found.
#[derive(Debug)]
pub(crate) struct Soak {
    pub(crate) world: World,
    pub(crate) gate: Gate,
    pub(crate) journal: Journal,
    pub(crate) tally: Tally,
    pub(crate) stall_watch: StallWatch,
    pub(crate) freezer: Freezer,
    faults: RwLock<Faults>,
    histories: [RwLock<History>; COMPONENTS],
    ledgers: Mutex<Vec<(String, Arc<Mutex<Ledger>>)>>,
    queues: Mutex<Vec<(String, Arc<Mutex<Elements>>)>>,
    /// Held while the config server is written to or stopped.
    pub(crate) config_writer: Mutex<()>,
}

impl Soak {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            gate: Gate::new(),
            journal: Journal::new(),
            tally: Tally::default(),
            stall_watch: StallWatch::default(),
            freezer: Freezer::default(),
            faults: RwLock::default(),
            histories: std::array::from_fn(|_| RwLock::default()),
            ledgers: Mutex::default(),
            queues: Mutex::default(),
            config_writer: Mutex::new(()),
        }
    }

    pub(crate) fn settings(&self, fleet: Fleet) -> Settings {
        Settings::new(self.world.config_proxy.url())
            .push(fleet == Fleet::Push)
            .reread_interval(REREAD)
            .connect_timeout(CONNECT)
            .response_timeout(RESPONSE)
    }

    /// Returns a scope with its own clients.
    pub(crate) fn scope(&self, fleet: Fleet) -> Option<Scope> {
        self.settings(fleet).scope_blocking(Scope::current)
    }

    pub(crate) fn violation(&self, what: &str) {
        self.journal.violation(what);
        self.gate.stop();
    }

    pub(crate) fn faults(&self) -> RwLockReadGuard<'_, Faults> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn history(&self, which: Which) -> RwLockReadGuard<'_, History> {
        let history = self.histories[which as usize].read();
        history.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn history_mut(&self, which: Which) -> RwLockWriteGuard<'_, History> {
        let history = self.histories[which as usize].write();
        history.unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a fault that may make any call fail, and lasts while `f` runs.
    pub(crate) fn with_fault<T>(&self, part: Part, kind: &'static str, f: impl FnOnce() -> T) -> T {
        self.with_effect(part, Effect::Anything, kind, f)
    }

    /// Makes a fault with a known effect, which lasts while `f` runs.
    pub(crate) fn with_effect<T>(
        &self,
        part: Part,
        effect: Effect,
        kind: &'static str,
        f: impl FnOnce() -> T,
    ) -> T {
        self.journal.event(&format!("{part:?}: {kind}"));
        self.tally.fault(kind);
        let number = self.faults_mut().begin(part, effect);
        let result = f();
        self.faults_mut().end(number);
        self.journal.event(&format!("{part:?}: {kind} is over"));
        result
    }

    /// Notes a stall of the machine, which is over.
    pub(crate) fn stood_still(&self, begun: Instant, ended: Instant) {
        self.journal
            .event(&format!("the machine stood still for {:?}", ended - begun));
        self.tally.fault("the machine stood still");
        self.faults_mut().stood_still(begun, ended);
    }

    /// Writes one or several configs with `write`.
    pub(crate) fn with_change<T>(
        &self,
        kind: &'static str,
        changes: &[(Which, What)],
        by_swap: bool,
        write: impl FnOnce() -> T,
    ) -> T {
        self.tally.change(kind);
        for (which, what) in changes {
            if self
                .history(*which)
                .newest_must_be_in_force(which.wait(), &self.faults())
            {
                self.tally.had_its_time();
            }
            self.journal.event(&format!("{which}: {kind}: {what:?}"));
            self.history_mut(*which).begin(*what, by_swap);
        }
        let result = write();
        for (which, _) in changes {
            self.history_mut(*which).end();
        }
        result
    }

    /// Forgets everything that no longer matters: all components are where they must be, and no
    /// call is in flight.
    pub(crate) fn forget_the_past(&self) {
        *self.faults_mut() = Faults::default();
        for which in Which::ALL {
            self.history_mut(which).forget_the_past();
        }
    }

    pub(crate) fn new_ledger(&self, key: &str) -> Arc<Mutex<Ledger>> {
        let ledger = Arc::<Mutex<Ledger>>::default();
        lock(&self.ledgers).push((key.to_owned(), Arc::clone(&ledger)));
        ledger
    }

    pub(crate) fn new_queue(&self, key: &str) -> Arc<Mutex<Elements>> {
        let elements = Arc::<Mutex<Elements>>::default();
        lock(&self.queues).push((key.to_owned(), Arc::clone(&elements)));
        elements
    }

    pub(crate) fn ledgers(&self) -> Vec<(String, Arc<Mutex<Ledger>>)> {
        lock(&self.ledgers).clone()
    }

    pub(crate) fn queues(&self) -> Vec<(String, Arc<Mutex<Elements>>)> {
        lock(&self.queues).clone()
    }

    fn faults_mut(&self) -> RwLockWriteGuard<'_, Faults> {
        self.faults.write().unwrap_or_else(PoisonError::into_inner)
    }
}
