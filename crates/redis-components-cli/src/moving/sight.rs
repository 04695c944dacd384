//! Both servers of a move, as far as they answer, and where the move stands.

use serde_json::{Value, json};

use super::addresses::Addresses;
use super::closed::{follow, is_closed, is_parked, reopen};
use super::link::{Link, Place};
use super::record::Record;
use super::replication::{Failover, Replica, Role};
use super::seen::{Seen, Shown, says_loading};
use super::state::{State, View};
use crate::failure::{Code, Failure};
use crate::session::Session;

/// Both servers, and where the move stands.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) source: End,
    pub(crate) target: End,
    pub(crate) state: State,
    may_be_cut: bool,
    is_settled: bool,
    /// Whether the source refuses writes because of a fence.
    pub(crate) is_fenced: bool,
}

/// A server of a move. Its connection stays open from one look to the next: a replica that loads its
/// copy takes no new one.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) place: Place,
    pub(crate) link: Option<Link>,
    pub(super) seen: Option<Seen>,
    /// The addresses by which the other server may know it.
    addresses: Addresses,
    pub(super) is_loading: bool,
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
            is_settled: record.is_settled,
            is_fenced: false,
        })
    }

    /// Looks again.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub(crate) async fn look(&mut self, session: &Session, record: &Record) -> Result<(), Failure> {
        self.source.look().await;
        self.target.look().await;
        self.target.learn_for(&self.source).await;
        self.source.learn_for(&self.target).await;
        self.is_fenced = self.source.is_fenced(record).await;
        let committed = session.is_committed(record).await;
        let (source, target) = (&self.source, &self.target);
        let view = View {
            source: source.seen.as_ref(),
            target: target.seen.as_ref(),
            is_loading: source.is_loading || target.is_loading,
            source_follows: source.follows(target).await,
            target_follows: target.follows(source).await,
            target_is_online: target.among(source.replicas()).await.is_some(),
            is_committed: committed.map_err(|failure| self.behind_fence(failure))?,
            may_be_cut: record.may_be_cut,
            is_fenced: self.is_fenced,
        };
        self.state = view.state();
        self.may_be_cut = record.may_be_cut;
        self.is_settled = record.is_settled;
        Ok(())
    }

    /// Returns what the state means, and what to do.
    pub(crate) fn advice(&self) -> &'static str {
        match self.state {
            State::Committed if !self.is_settled => {
                "moved, but a server that starts again forgets its role; --resume lets both remember, \
                --finish does that and ends the move, --undo goes back without loss"
            }
            state => state.advice(),
        }
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

    /// Lets the old server follow the new one, which has taken over.
    ///
    /// # Errors
    ///
    /// Returns an error if it refuses.
    pub(crate) async fn follow_target(&self) -> Result<(), Failure> {
        let (source, target) = self.links()?;
        let target = Replica {
            host: target.place.host.clone(),
            port: target.place.port,
            is_online: true,
        };
        follow(source, &target).await
    }

    /// # Errors
    ///
    /// Returns an error if a server does not answer.
    pub(crate) fn links(&self) -> Result<(&Link, &Link), Failure> {
        match (&self.source.link, &self.target.link) {
            (Some(source), Some(target)) => Ok((source, target)),
            (None, Some(_)) if self.may_be_cut => Err(self.source.unreachable_after(&self.target)),
            (None, _) => Err(self.source.unreachable()),
            (_, None) if self.is_fenced => Err(self.target.unreachable_behind(&self.source)),
            (_, None) => Err(self.target.unreachable()),
        }
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
            is_loading: false,
        }
    }

    /// Looks at the server. One that does not answer is a state of its own.
    async fn look(&mut self) {
        self.is_loading = false;
        if let Some(link) = &self.link
            && let Ok(seen) = link.see().await
        {
            self.seen = Some(seen);
            return;
        }
        (self.link, self.seen) = (None, None);
        match self.place.connect().await {
            Ok(link) => {
                self.addresses = link.addresses().await;
                self.seen = link.see().await.ok();
                self.link = Some(link);
            }
            Err(failure) => {
                self.is_loading = says_loading(&failure.message);
            }
        }
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
    pub(super) fn is_in_step(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|seen| seen.replication.is_in_step())
    }

    /// Returns the replicas that it lists.
    pub(super) fn replicas(&self) -> &[Replica] {
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
        for replica in replicas.iter().filter(|replica| replica.is_online) {
            let (host, port) = (&replica.host, replica.port);
            if self.addresses.contain(host, port).await {
                return Some(replica);
            }
        }
        None
    }

    /// Returns this server among the replicas that another one lists, which must be online.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not.
    pub(crate) async fn demand_among<'a>(
        &self,
        replicas: &'a [Replica],
    ) -> Result<&'a Replica, Failure> {
        self.among(replicas).await.ok_or_else(|| {
            let server = self.place.address();
            let text = format!("{server} is no online replica of the source any more");
            Failure::new(Code::WrongState, text)
        })
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
    pub(super) fn run(&self) -> Option<&str> {
        self.seen.as_ref().map(|seen| &*seen.run_id)
    }

    /// Returns `true` if it has stepped down, and its replica has not taken over.
    pub(crate) fn is_handing_over(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|seen| seen.replication.failover == Failover::InProgress)
    }

    fn unreachable(&self) -> Failure {
        let address = self.place.address();
        let text = format!("{address} does not answer; start it again, and go on with `--resume`");
        Failure::new(Code::ServerUnreachable, text).at(&address)
    }

    /// As [`unreachable`](Self::unreachable), if the other server may have newer data.
    fn unreachable_after(&self, other: &Self) -> Failure {
        let (address, other) = (self.place.address(), &other.place);
        let text = format!(
            "{address} does not answer, and {} may have newer data; start it again only as a replica of \
            that (`--replicaof {} {}`), and go on with `--resume`",
            other.address(),
            other.host,
            other.port
        );
        Failure::new(Code::ServerUnreachable, text).at(&address)
    }

    /// As [`unreachable`](Self::unreachable), if the other server refuses writes.
    fn unreachable_behind(&self, other: &Self) -> Failure {
        let (address, other) = (self.place.address(), other.place.address());
        let text = format!(
            "{address} does not answer, and {other} refuses writes, because {address} may have taken over; \
            start it again, and go on with `--resume`; if its data is lost, let {other} take writes again \
            with REPLICAOF NO ONE there, and with `--abort`, which takes the fence away"
        );
        Failure::new(Code::ServerUnreachable, text).at(&address)
    }

    fn shown(&self) -> Shown {
        Shown::new(&self.place.address(), self.seen.as_ref())
    }

    pub(super) fn described(&self) -> String {
        let address = self.place.address();
        match &self.seen {
            None => format!("{address} (does not answer)"),
            Some(seen) => format!(
                "{address} ({}, offset {}, {} keys)",
                seen.replication.role.name(),
                seen.replication.offset,
                seen.keys
            ),
        }
    }
}
