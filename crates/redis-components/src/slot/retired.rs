//! Clients that are no longer handed out, while somebody uses them.

use std::sync::{Arc, Weak};

use super::generations::Generations;
use super::published::{Clients, OfGeneration, Published};
use crate::client::asynchronous::AsyncClient;
use crate::client::multiplexed::socket::Socket;
use crate::client::threads::BlockingClient;
use crate::settings::drain::DrainPolicy;
use crate::telemetry::component::{Subject, still_in_use};

/// The clients of one generation. Only their users keep them alive.
#[derive(Clone, Debug)]
pub(super) struct Retired {
    generation: u64,
    /// Whether the component has left the server, so that calls there have a deadline.
    is_left: bool,
    server: String,
    runtimes: Vec<RetiredClient>,
    pool: Option<Weak<OfGeneration<BlockingClient>>>,
}

/// A client, and its sockets, which may outlast it if they are lent.
#[derive(Clone, Debug)]
struct RetiredClient {
    client: Weak<OfGeneration<AsyncClient>>,
    sockets: Vec<Weak<Socket>>,
}

impl Retired {
    pub(super) fn new(published: &Published) -> Self {
        let Clients { runtimes, pool } = &published.clients;
        Self {
            generation: published.generation,
            is_left: false,
            server: published.config.address(),
            runtimes: runtimes
                .iter()
                .map(|(_, client)| RetiredClient::new(client))
                .collect(),
            pool: pool.as_ref().map(Arc::downgrade),
        }
    }

    /// Notes that the component has left the server. Returns `true` for the first time.
    pub(super) fn leave(&mut self) -> bool {
        !std::mem::replace(&mut self.is_left, true)
    }

    /// Returns how many connections are still in use.
    pub(super) fn connections(&self) -> usize {
        let runtimes: usize = self.runtimes.iter().map(RetiredClient::connections).sum();
        runtimes + self.pool.as_ref().map_or(0, Weak::strong_count)
    }

    /// Returns how many connections are open that nobody uses, because their runtimes have not
    /// closed them yet.
    pub(super) fn closing(&self) -> usize {
        self.unused().count()
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close_unused(&self) {
        self.unused().for_each(|socket| socket.close());
    }

    fn unused(&self) -> impl Iterator<Item = Arc<Socket>> {
        let unused = self
            .runtimes
            .iter()
            .filter(|client| client.connections() == 0);
        unused
            .flat_map(RetiredClient::sockets)
            .filter(|socket| socket.is_open())
    }

    /// Reports at the deadline which connections are still in use, and cuts them if the policy says
    /// so. Blocking calls over connections of the pool are not cut: each ends within its timeout.
    pub(super) async fn drain(
        self,
        subject: Subject,
        policy: DrainPolicy,
        generations: Arc<Generations>,
    ) {
        tokio::time::sleep(policy.deadline).await;
        let connections = self.connections();
        if connections == 0 {
            return;
        }
        let Self {
            generation, server, ..
        } = &self;
        still_in_use(&subject, *generation, server, connections, policy.cut);
        if policy.cut {
            generations.announce_cut(*generation);
            let clients = self.runtimes.iter();
            clients
                .flat_map(RetiredClient::sockets)
                .for_each(|socket| socket.close());
        }
    }
}

impl RetiredClient {
    fn new(client: &Arc<OfGeneration<AsyncClient>>) -> Self {
        Self {
            client: Arc::downgrade(client),
            sockets: client.client.sockets().iter().map(Arc::downgrade).collect(),
        }
    }

    fn sockets(&self) -> impl Iterator<Item = Arc<Socket>> {
        self.sockets.iter().filter_map(Weak::upgrade)
    }

    /// Returns how many handles there are. All lent handles of a socket count as one.
    fn connections(&self) -> usize {
        match self.client.strong_count() {
            0 => self
                .sockets()
                .filter(|socket| socket.may_be_in_use())
                .count(),
            handles => handles,
        }
    }
}
