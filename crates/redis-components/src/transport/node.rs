//! One server, and all that a connection to it needs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::failure::{Cause, Failure};
use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Endpoint};
use crate::config::login::Login;

/// One server, and all that a connection to it needs. A client keeps it, so that each further
/// connection of that client is like the first.
pub(crate) struct Node {
    address: Address,
    login: Login,
    db: u32,
    /// Whether a replica of a cluster is read from.
    is_read_only: bool,
}

impl Node {
    /// Finds the server of a config, and reads the files that connecting to it needs. This is the
    /// one place where an endpoint becomes a server. Of a cluster it is the first seed.
    ///
    /// # Errors
    ///
    /// Returns an error within `bound` if there is no such server.
    #[allow(
        clippy::unused_async,
        unused_variables,
        reason = "a server over plain TCP needs no files"
    )]
    pub(crate) async fn prepare(
        config: &ComponentConfig,
        bound: Duration,
    ) -> Result<Arc<Self>, Failure> {
        Self::of(config).map(Arc::new)
    }

    fn of(config: &ComponentConfig) -> Result<Self, Failure> {
        let address = match config.endpoint() {
            Endpoint::Cluster(cluster) => cluster.seeds.first(),
            endpoint => endpoint.server(),
        };
        let Some(address) = address else {
            let what = "the sentinels have not named a primary";
            return Err(Failure::new(Cause::Refused, what));
        };
        if config.tls().is_some() {
            let what = "it asks for TLS, which this version does not support";
            return Err(Failure::new(Cause::Refused, what));
        }
        Ok(Self {
            address: address.clone(),
            login: config.login().clone(),
            db: config.db_number(),
            is_read_only: false,
        })
    }

    /// Returns another node of the same cluster. If `is_read_only` is set, its connections read
    /// from a replica.
    pub(crate) fn at(&self, address: Address, is_read_only: bool) -> Arc<Self> {
        Arc::new(Self {
            address,
            login: self.login.clone(),
            db: self.db,
            is_read_only,
        })
    }

    /// Returns `true` if a replica is asked to answer reads, which it does not do otherwise.
    pub(crate) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// Returns the number of the database that a connection begins with.
    pub(crate) fn db(&self) -> u32 {
        self.db
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("address", &self.address)
            .field("db", &self.db)
            .finish_non_exhaustive()
    }
}
