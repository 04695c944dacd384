//! Both servers of a move, as far as they answer, and where the move stands.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::moving::records::offer::Offer;
use crate::moving::records::record::Record;
use crate::moving::records::stood::Stood;
use crate::moving::records::written::Written;
use crate::moving::servers::addresses::Addresses;
use crate::moving::servers::earlier;
use crate::moving::servers::link::{Link, Place};
use crate::moving::servers::replication::{Failover, Replica, Role};
use crate::moving::servers::seen::{Seen, Shown};
use crate::moving::servers::silence::Silence;
use crate::moving::standing::closed::{follow, is_closed, is_parked, reopen};
use crate::moving::standing::state::{State, View};
use crate::session::Session;

/// Both servers, and where the move stands.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) source: End,
    pub(crate) target: End,
    pub(crate) state: State,
    /// Whether the target may have what the source has not.
    pub(crate) may_be_cut: bool,
    /// Whether the configs of all components name the target.
    pub(crate) is_committed: bool,
    is_settled: bool,
    /// Where the source stood before the target could take over, as the record says.
    pub(crate) stood: Option<Stood>,
    /// Whether the source refuses writes because of a fence.
    pub(crate) is_fenced: bool,
    /// What becomes of refused writes, if the configs are to follow a cut.
    pub(crate) offer: Option<Offer>,
}

/// A server of a move. Its connection stays open from one look to the next: a replica that loads its
/// copy takes no new one.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) place: Place,
    pub(crate) link: Option<Link>,
    pub(crate) seen: Option<Seen>,
    /// The addresses by which the other server may know it.
    addresses: Addresses,
    /// Why it is not seen, if it is not.
    pub(crate) unseen: Option<Failure>,
}

impl Sight {
    /// Connects to both servers and looks at them and at the configs.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or its configs are others.
    pub(crate) async fn of(session: &Session, record: &Record) -> Result<Self, Failure> {
        let mut sight = Self::new(record)?;
        sight.look(session, record).await?;
        if let (State::Cut, Some(target)) = (sight.state, &sight.target.seen) {
            sight.offer = Some(session.offer_of(record, &target.run_id).await);
        }
        Ok(sight)
    }

    /// Returns a sight that has not looked yet.
    ///
    /// # Errors
    ///
    /// Returns an error if a config names no server.
    pub(crate) fn new(record: &Record) -> Result<Self, Failure> {
        Ok(Self {
            source: End::new(record.source()?),
            target: End::new(record.target()?),
            state: State::Unreachable,
            may_be_cut: record.may_be_cut,
            is_committed: false,
            is_settled: record.is_settled,
            stood: None,
            is_fenced: false,
            offer: None,
        })
    }

    /// Looks again.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of). The state is known then too, if the config server answers.
    pub(crate) async fn look(&mut self, session: &Session, record: &Record) -> Result<(), Failure> {
        self.offer = None;
        self.source.look().await;
        self.target.look().await;
        self.target.learn_for(&self.source).await;
        self.source.learn_for(&self.target).await;
        self.is_fenced = self.source.is_fenced(record).await;
        self.may_be_cut = record.may_have_been_cut(self.source.seen.as_ref());
        let written = session.written(record).await;
        let written = written.map_err(|failure| self.behind_fence(failure))?;
        self.is_committed = matches!(written, Written::New);
        let (source, target) = (&self.source, &self.target);
        let view = View {
            source: source.seen.as_ref(),
            target: target.seen.as_ref(),
            is_loading: self.is_silent(|why| why == Silence::Loading),
            is_refusing: self.is_silent(Silence::is_refusal),
            source_follows: source.follows(target).await,
            target_follows: target.follows(source).await,
            target_is_online: target.among(source.replicas()).await.is_some(),
            is_committed: self.is_committed,
            may_be_cut: self.may_be_cut,
            has_all: record.is_had_by(target.seen.as_ref()),
            is_fenced: self.is_fenced,
        };
        self.state = view.state();
        self.stood.clone_from(&record.stood);
        self.is_settled = record.is_settled;
        match written {
            Written::Other(other) => Err(self.has_other_config(session, record, &other)),
            Written::Old | Written::New => Ok(()),
        }
    }

    /// Returns what the state means, and what to do.
    pub(crate) fn advice(&self) -> String {
        let text = match (self.state, &self.offer) {
            (State::Committed, _) if self.is_settled && !self.source.is_in_step() => {
                "moved, but the old server has not all that the new one has: if it stays so, its log says why; \
                --finish ends the move, --undo waits until the old server has all"
            }
            (State::Committed, _) if !self.is_settled => {
                "moved, but a server that starts again forgets its role; --resume lets both remember, \
                --finish does that and ends the move, --undo goes back without loss"
            }
            (State::Copying | State::Synced | State::Cutting, _) if self.is_committed => {
                "the configs name the new server, which is a replica of the old one again, so writes are \
                refused; what it took since the cut may be lost; --resume lets it take over again"
            }
            (State::Cut, Some(offer)) => {
                let advice = State::Cut.advice();
                return advice.replacen(';', &format!(", and {};", offer.said()), 1);
            }
            (State::Unreachable | State::Refusing, _) => match self.links() {
                Err(failure) => return failure.message,
                Ok(_) => self.state.advice(),
            },
            (state, _) => state.advice(),
        };
        text.to_owned()
    }

    pub(crate) fn is_silent(&self, why: fn(Silence) -> bool) -> bool {
        let ends = [&self.source, &self.target].into_iter();
        ends.filter_map(End::silence).any(why)
    }

    /// Adds to a failure that the source refuses writes, if it does.
    fn behind_fence(&self, mut failure: Failure) -> Failure {
        if self.is_fenced {
            let server = self.source.place.address();
            failure.message = format!(
                "{server} refuses writes because of a cut that was interrupted, and `--abort` lets it \
                take them again, if {} has not taken over; {}",
                self.target.place.address(),
                failure.message
            );
        }
        failure
    }

    /// Lets the source take writes again, if a fence keeps them away and the target has not taken
    /// over.
    ///
    /// # Errors
    ///
    /// Returns an error if it refuses.
    pub(crate) async fn reopen_source(&self, record: &Record) -> Result<(), Failure> {
        match (&self.source.link, &self.target.seen) {
            (Some(source), Some(target)) if self.is_fenced && !target.is_primary() => {
                reopen(source, record).await
            }
            _ => Ok(()),
        }
    }

    /// Lets the old server follow the new one, which has taken over, by the address at which it listed it.
    ///
    /// # Errors
    ///
    /// Returns an error if it refuses.
    pub(crate) async fn follow_target(&self, record: &Record) -> Result<(), Failure> {
        let (source, target) = self.links()?;
        let (host, port) = record.listed_at(&target.place);
        follow(source, &host, port).await
    }

    /// # Errors
    ///
    /// Returns an error if a server was not seen, which says why and what to do.
    pub(crate) fn links(&self) -> Result<(&Link, &Link), Failure> {
        match (self.source.seen_link(), self.target.seen_link()) {
            (Some(source), Some(target)) => Ok((source, target)),
            (None, target) => {
                let may_be_newer = self.may_be_cut && target.is_some() && self.target.is_primary();
                Err(self
                    .source
                    .not_seen(&self.target, may_be_newer, false, false))
            }
            (_, None) => {
                let is_cut =
                    self.is_committed || self.source.is_role(|role| *role != Role::Primary);
                let forgets = is_cut && !self.is_settled;
                Err(self
                    .target
                    .not_seen(&self.source, false, self.is_fenced, forgets))
            }
        }
    }

    /// Returns the target if it has all of a source that does not answer any more.
    pub(crate) fn heir(&self) -> Option<&Link> {
        let is_on_its_way = matches!(self.state, State::Fenced | State::TakenOver);
        let heir = self.target.link.as_ref();
        heir.filter(|_| is_on_its_way && self.source.seen.is_none())
    }

    pub(crate) fn shown(&self) -> Value {
        json!({"state": self.state, "source": self.source.shown(), "target": self.target.shown()})
    }
}

impl End {
    fn new(place: Place) -> Self {
        Self {
            place,
            link: None,
            seen: None,
            addresses: Addresses::default(),
            unseen: None,
        }
    }

    /// Looks at the server. One that does not say where it stands is a state of its own.
    async fn look(&mut self) {
        (self.seen, self.unseen) = match self.see().await {
            Ok(seen) => (Some(seen), None),
            Err(failure) => (None, Some(failure)),
        };
    }

    async fn see(&mut self) -> Result<Seen, Failure> {
        if let Some(link) = &self.link {
            let seen = link.see().await;
            // One that answers may take no new connection.
            if !matches!(&seen, Err(failure) if Silence::of(failure) == Silence::NoAnswer) {
                return seen;
            }
        }
        self.link = None;
        let link = earlier::connect(&self.place).await?;
        self.addresses = link.addresses().await;
        self.link.insert(link).see().await
    }

    /// Returns why the server was not seen, if it was not.
    pub(crate) fn silence(&self) -> Option<Silence> {
        self.unseen.as_ref().map(Silence::of)
    }

    fn seen_link(&self) -> Option<&Link> {
        self.link.as_ref().filter(|_| self.seen.is_some())
    }

    /// Asks the server by which addresses its peers know it, if the other one names none that is known.
    async fn learn_for(&mut self, other: &Self) {
        let is_known = match other.seen.as_ref().map(|seen| &seen.replication) {
            Some(seen) if !seen.is_primary() => other.follows(self).await,
            Some(seen) if self.is_in_step() => self.among(&seen.replicas).await.is_some(),
            _ => true,
        };
        if let (false, Some(link)) = (is_known, &self.link) {
            link.learn(&mut self.addresses).await;
        }
    }

    /// Returns `true` if it is a replica that has all its primary had a moment ago.
    pub(crate) fn is_in_step(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|seen| seen.replication.is_in_step())
    }

    /// Returns the replicas that it lists.
    pub(crate) fn replicas(&self) -> &[Replica] {
        let seen = self.seen.as_ref();
        seen.map_or(&[], |seen| &seen.replication.replicas)
    }

    /// Returns `true` if it is a replica of the other server.
    async fn follows(&self, other: &Self) -> bool {
        match self.seen.as_ref().map(|seen| &seen.replication.role) {
            Some(Role::Replica { host, port, .. }) => other.addresses.contain(host, *port).await,
            _ => false,
        }
    }

    /// Returns this server among the online replicas that another one lists.
    pub(crate) async fn among<'a>(&self, replicas: &'a [Replica]) -> Option<&'a Replica> {
        let online = replicas.iter().filter(|replica| replica.is_online);
        self.addresses.among(&online.collect::<Vec<_>>()).await
    }

    /// Returns `true` if the server refuses writes because of a move's fence.
    async fn is_fenced(&self, record: &Record) -> bool {
        match (&record.fence, &self.seen, &self.link) {
            (Some(_), Some(seen), Some(link)) => {
                // Who does not say it may have it.
                is_parked(&seen.replication.role)
                    || seen.is_primary() && is_closed(link).await.unwrap_or(true)
            }
            _ => false,
        }
    }

    /// Returns `true` if it takes writes, unless a fence keeps them away.
    pub(crate) fn is_primary(&self) -> bool {
        self.seen.as_ref().is_some_and(Seen::is_primary)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.keys == 0)
    }

    /// Returns `true` if it has functions, which are no keys.
    pub(crate) fn has_functions(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.functions > 0)
    }

    /// Returns `true` if it was seen in such a role.
    pub(crate) fn is_role(&self, is: impl FnOnce(&Role) -> bool) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|seen| is(&seen.replication.role))
    }

    /// Returns the run of the server that was seen.
    pub(crate) fn run(&self) -> Option<&str> {
        self.seen.as_ref().map(|seen| &*seen.run_id)
    }

    /// Returns `true` if it has stepped down, and its replica has not taken over.
    pub(crate) fn is_handing_over(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|seen| seen.replication.failover == Failover::InProgress)
    }

    fn shown(&self) -> Shown {
        Shown::new(&self.place.address(), self.seen.as_ref())
    }
}
