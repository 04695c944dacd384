//! Calls of many components in turn, and of as many bare connections.

use redis::aio::MultiplexedConnection;
use redis_components::Component;

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE, World};
use crate::declared;
use crate::failure::Failure;
use crate::functions::logs::log_recent;

/// How many bare connections are opened at once.
const AT_ONCE: usize = 64;

/// Tasks begin this far from each other, so that they rarely call the same at once.
const APART: usize = 7919;

/// The components, or the connections, of all tasks.
pub(crate) struct Many<T: 'static>(&'static [T]);

/// The next that a task calls.
pub(crate) struct InTurn<T: 'static> {
    all: &'static [T],
    next: usize,
}

impl<T> Many<T> {
    fn from(task: usize, all: &'static [T]) -> InTurn<T> {
        InTurn {
            all,
            next: task * APART % all.len(),
        }
    }
}

impl<T> InTurn<T> {
    fn next(&mut self) -> &'static T {
        let next = &self.all[self.next];
        self.next = (self.next + 1) % self.all.len();
        next
    }
}

impl Many<&'static Component> {
    pub(crate) fn components(count: usize) -> Self {
        Self(declared::components(count).leak())
    }
}

impl Many<MultiplexedConnection> {
    /// Connects to the second data server: one server takes no more than all components need.
    pub(crate) fn bare(world: &World, count: usize) -> Result<Self, Failure> {
        let [_, url] = &world.urls.data;
        let client = redis::Client::open(url.as_str())?;
        let connections = world.runtime.block_on(async {
            let mut connections = Vec::with_capacity(count);
            while connections.len() < count {
                let some = AT_ONCE.min(count - connections.len());
                let opening: Vec<_> = (0..some)
                    .map(|_| {
                        let client = client.clone();
                        tokio::spawn(async move { client.get_multiplexed_async_connection().await })
                    })
                    .collect();
                for opened in opening {
                    connections.push(opened.await??);
                }
            }
            Ok::<_, Failure>(connections)
        })?;
        Ok(Self(connections.leak()))
    }
}

impl Asynchronous for Many<&'static Component> {
    type Caller = InTurn<&'static Component>;

    fn caller(&self, task: usize) -> Self::Caller {
        Self::from(task, self.0)
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.next().connection().await?;
        Ok(log_recent(&mut connection, APP, MESSAGE).await?)
    }
}

impl Asynchronous for Many<MultiplexedConnection> {
    type Caller = InTurn<MultiplexedConnection>;

    fn caller(&self, task: usize) -> Self::Caller {
        Self::from(task, self.0)
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.next().clone();
        Ok(log_recent(&mut connection, APP, MESSAGE).await?)
    }
}
