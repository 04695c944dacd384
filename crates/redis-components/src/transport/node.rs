//! One server, and all that a connection to it needs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::admission::admit_tcp;
use super::demand::Demand;
use super::failure::{Cause, Failure};
use super::on_thread::{beside_tasks, on_thread};
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Endpoint};
use crate::config::login::Login;
use crate::settings::policy::Policy;

/// The server is not told the client's name any more after so many hang-ups. One may have had
/// another reason.
const HIDDEN_AFTER: u32 = 2;

/// One server, and all that a connection to it needs. A client keeps it, so that each further
/// connection of that client is like the first.
pub(crate) struct Node {
    address: Address,
    login: Login,
    db: u32,
    /// What the server has to be.
    demand: Demand,
    /// Whether the server is not asked for its mode any more.
    is_judged: AtomicBool,
    /// Whether the server has said that it is a node of a cluster.
    is_of_cluster: AtomicBool,
    policy: Arc<Policy>,
    client_name: Option<String>,
    /// How often something on the way to the server hung up when it was told the client's name or
    /// asked for its mode, and served without.
    hang_ups: AtomicU32,
    has_tls: bool,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    /// Whether a replica of a cluster is read from.
    is_read_only: bool,
}

impl Node {
    /// Finds the server of a config, and makes what connecting to it needs. What stands elsewhere
    /// has been read. This is the one place where an endpoint becomes a server. Of a cluster it is
    /// the first seed.
    ///
    /// # Errors
    ///
    /// Returns an error within `bound` if there is no such server, the policy forbids it, or a
    /// certificate or key cannot be used.
    pub(crate) async fn prepare(
        config: &ComponentConfig,
        policy: &Arc<Policy>,
        bound: Duration,
    ) -> Result<Arc<Self>, Failure> {
        let demand = Demand::of(config.endpoint());
        Self::prepare_for(demand, config, policy, bound).await
    }

    /// Does the same as [`prepare`](Self::prepare) for a server that has to be something else than
    /// that of a component.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`prepare`](Self::prepare).
    pub(crate) async fn prepare_for(
        demand: Demand,
        config: &ComponentConfig,
        policy: &Arc<Policy>,
        bound: Duration,
    ) -> Result<Arc<Self>, Failure> {
        if !reads_files(config) {
            return Self::of(demand, config, policy);
        }
        let (config, policy) = (config.clone(), Arc::clone(policy));
        let work = move || Self::of(demand, &config, &policy);
        beside_tasks(bound, unread(bound), work).await
    }

    /// Does the same as [`prepare`](Self::prepare) on a thread.
    ///
    /// # Errors
    ///
    /// Returns an error within `bound` if there is no such server, the policy forbids it, or a
    /// certificate or key cannot be used.
    pub(crate) fn prepare_blocking(
        config: &ComponentConfig,
        policy: &Arc<Policy>,
        bound: Duration,
    ) -> Result<Arc<Self>, Failure> {
        let demand = Demand::of(config.endpoint());
        if !reads_files(config) {
            return Self::of(demand, config, policy);
        }
        let (config, policy) = (config.clone(), Arc::clone(policy));
        let work = move || Self::of(demand, &config, &policy);
        on_thread(bound, unread(bound), work)
    }

    fn of(
        demand: Demand,
        config: &ComponentConfig,
        policy: &Arc<Policy>,
    ) -> Result<Arc<Self>, Failure> {
        let address = match config.endpoint() {
            Endpoint::Cluster(cluster) => cluster.seeds.first(),
            endpoint => endpoint.server(),
        };
        let Some(address) = address else {
            let what = "the sentinels have not named a primary";
            return Err(Failure::new(Cause::Refused, what));
        };
        if let Address::Tcp { port, .. } = address {
            admit_tcp(policy, *port, config.tls_options())?;
        }
        #[cfg(not(feature = "tls"))]
        if config.tls_options().is_some() {
            let what = "it asks for TLS; build redis-components with its feature `tls`";
            return Err(Failure::new(Cause::Local, what));
        }
        let login = config.login().ok_or_else(|| {
            let what = "what `username` or `password` refers to has not been read";
            Failure::new(Cause::Unavailable, what)
        })?;
        Ok(Arc::new(Self {
            address: address.clone(),
            login,
            db: config.db_number(),
            is_read_only: false,
            demand,
            is_judged: AtomicBool::new(false),
            is_of_cluster: AtomicBool::new(false),
            policy: Arc::clone(policy),
            client_name: config.name_of_client().map(str::to_owned),
            hang_ups: AtomicU32::new(0),
            has_tls: config.tls_options().is_some(),
            #[cfg(feature = "tls")]
            tls: tls(config, address)?,
        }))
    }

    /// Returns another node of the same cluster. If `is_read_only` is set, its connections read
    /// from a replica.
    pub(crate) fn at(&self, address: Address, is_read_only: bool) -> Arc<Self> {
        Arc::new(Self {
            #[cfg(feature = "tls")]
            tls: match (&self.tls, &address) {
                (Some(tls), Address::Tcp { host, .. }) => Some(tls.of_node(host)),
                _ => None,
            },
            address,
            login: self.login.clone(),
            db: self.db,
            is_read_only,
            demand: Demand::Nothing,
            is_judged: AtomicBool::new(false),
            is_of_cluster: AtomicBool::new(false),
            policy: Arc::clone(&self.policy),
            client_name: self.client_name.clone(),
            hang_ups: AtomicU32::new(self.hang_ups.load(Ordering::Relaxed)),
            has_tls: self.has_tls,
        })
    }

    /// Returns `true` if a replica is asked to answer reads, which it does not do otherwise.
    pub(crate) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Returns which servers may be connected to.
    pub(super) fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// Returns what the server has to be, as far as it is to be asked: once for its mode, and for its
    /// role each time.
    pub(super) fn demand(&self) -> Demand {
        if self.is_judged.load(Ordering::Acquire) {
            self.demand.whatever_mode()
        } else {
            self.demand
        }
    }

    /// Notes that the server is what was demanded, and whether it has said that it is a node of a
    /// cluster.
    pub(super) fn note_judged(&self, demand: Demand, is_of_cluster: bool) {
        if demand == self.demand {
            self.is_of_cluster
                .fetch_or(is_of_cluster, Ordering::Release);
            self.is_judged.store(true, Ordering::Release);
        }
    }

    /// Returns `true` if the server has said that it is a node of a cluster.
    pub(crate) fn is_of_cluster(&self) -> bool {
        self.is_of_cluster.load(Ordering::Acquire)
    }

    /// Returns the number of the database that a connection begins with.
    pub(crate) fn db(&self) -> u32 {
        self.db
    }

    /// Returns the name by which the server is to know a connection.
    pub(super) fn client_name(&self) -> Option<&str> {
        let is_hidden = self.hang_ups.load(Ordering::Relaxed) >= HIDDEN_AFTER;
        self.client_name.as_deref().filter(|_| !is_hidden)
    }

    /// Notes that a connection ended when the server was told a name or asked for its mode, and one
    /// without did not.
    pub(super) fn hung_up(&self) {
        self.hang_ups.fetch_add(1, Ordering::Relaxed);
        self.is_judged.store(true, Ordering::Release);
    }

    /// Returns the failure of a server that did not answer within the bound.
    pub(crate) fn timed_out(&self, bound: Duration) -> Failure {
        let mut failure = Failure::timed_out(bound);
        failure.message.push_str(if self.has_tls() {
            "; a server that does not speak TLS at this port does not answer"
        } else {
            "; check that it runs, and its address"
        });
        failure
    }

    /// Returns the failure of a server that refused the handshake, with advice if it closed the
    /// connection without a word. A server that speaks TLS does that to a client without.
    pub(super) fn refused(&self, mut failure: Failure, has_heard: bool) -> Failure {
        let is_tcp = matches!(self.address, Address::Tcp { .. });
        let is_closed = failure.cause == Cause::ClosedInHandshake;
        if is_tcp && is_closed && !has_heard && !self.has_tls() {
            let advice = "; if it speaks TLS, ask for TLS by \"ssl\": true or a rediss:// url";
            failure.message.push_str(advice);
        }
        failure
    }

    #[cfg(feature = "tls")]
    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Returns `true` if the server is reached over TLS.
    pub(super) fn has_tls(&self) -> bool {
        self.has_tls
    }
}

fn unread(bound: Duration) -> Failure {
    let what = format!("TLS could not be set up in time ({bound:?})");
    Failure::new(Cause::Unavailable, what)
}

/// Whom the system trusts is read from files, for TLS alone.
fn reads_files(config: &ComponentConfig) -> bool {
    config.tls_options().is_some()
}

#[cfg(feature = "tls")]
fn tls(config: &ComponentConfig, address: &Address) -> Result<Option<Tls>, Failure> {
    match (config.tls_options(), address) {
        (Some(options), Address::Tcp { host, .. }) => {
            let contents = config.contents().cloned().unwrap_or_default();
            Tls::new(options, &contents, host, config.endpoint()).map(Some)
        }
        (Some(_), Address::Unix(_)) => {
            let what = "it asks for TLS over a unix socket; leave one of them out";
            Err(Failure::new(Cause::Local, what))
        }
        (None, _) => Ok(None),
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("address", &self.address)
            .field("db", &self.db)
            .field("has_tls", &self.has_tls())
            .finish_non_exhaustive()
    }
}
