//! Clients that are no longer handed out, for as long as somebody uses them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::published::{Clients, Numbered, Published};
use crate::client::{Line, Multiplexed, Pool};

/// What happens to the calls on a server that a component has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrainPolicy {
    /// After how long those that are still under way are reported.
    pub(crate) deadline: Duration,
    /// Whether they are then cut.
    pub(crate) cut: bool,
}

/// The clients of one generation, kept alive by those who use them alone.
#[derive(Clone, Debug)]
pub(super) struct Retired {
    generation: u64,
    server: String,
    runtimes: Vec<Out>,
    pool: Option<Weak<Numbered<Arc<Pool>>>>,
}

/// A client, and its connections, which may outlast it where they are lent.
#[derive(Clone, Debug)]
struct Out {
    client: Weak<Numbered<Multiplexed>>,
    lines: Vec<Weak<Line>>,
}

impl Retired {
    pub(super) fn new(published: &Published) -> Self {
        let Clients { runtimes, pool } = &published.clients;
        Self {
            generation: published.generation,
            server: published.config.address(),
            runtimes: runtimes
                .iter()
                .map(|(_, client)| Out::new(client))
                .collect(),
            pool: pool.as_ref().map(Arc::downgrade),
        }
    }

    /// How many connections are still in use.
    pub(super) fn connections(&self) -> usize {
        let runtimes: usize = self.runtimes.iter().map(Out::connections).sum();
        runtimes + self.pool.as_ref().map_or(0, Weak::strong_count)
    }

    /// How many connections are open that nobody uses, because their runtimes have not ended them yet.
    pub(super) fn closing(&self) -> usize {
        self.unused().count()
    }

    /// Ends these.
    pub(super) fn end_unused(&self) {
        self.unused().for_each(|line| line.end());
    }

    fn unused(&self) -> impl Iterator<Item = Arc<Line>> {
        let unused = self.runtimes.iter().filter(|out| out.connections() == 0);
        unused.flat_map(Out::lines).filter(|line| line.is_open())
    }

    /// Reports at the deadline what is still in use, and cuts it where that is asked for. Blocking calls are not cut: each
    /// ends within its time-out.
    pub(super) async fn drain(self, component: String, key: String, policy: DrainPolicy) {
        tokio::time::sleep(policy.deadline).await;
        let connections = self.connections();
        if connections == 0 {
            return;
        }
        let Self {
            generation, server, ..
        } = &self;
        let cut = policy.cut;
        tracing::warn!(
            component,
            key,
            generation,
            server,
            connections,
            cut,
            "connections to a server that the component has left are still in use"
        );
        if cut {
            let clients = self.runtimes.iter();
            clients.flat_map(Out::lines).for_each(|line| line.end());
        }
    }
}

impl Out {
    fn new(client: &Arc<Numbered<Multiplexed>>) -> Self {
        Self {
            client: Arc::downgrade(client),
            lines: client.client.lines().map(Arc::downgrade).collect(),
        }
    }

    fn lines(&self) -> impl Iterator<Item = Arc<Line>> {
        self.lines.iter().filter_map(Weak::upgrade)
    }

    /// How many handles there are. Those that were lent cannot be counted, only whether there are any.
    fn connections(&self) -> usize {
        match self.client.strong_count() {
            0 => self.lines().filter(|line| line.is_out()).count(),
            handles => handles,
        }
    }
}
