//! Contestants that get a handle and drop it unused.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use redis::aio::MultiplexedConnection;
use redis_components::{Component, Connection};
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::subject::{Slice, Subject};

/// How many handles are taken between two looks at the clock.
const BATCH: u64 = 256;

/// A contestant that returns handles.
pub(crate) trait Accessor: Send + Sync + 'static {
    type Handle;

    fn take(&self) -> impl Future<Output = Result<Self::Handle, Failure>> + Send;
}

struct Taking<A> {
    runtime: Arc<Runtime>,
    accessor: A,
}

/// Returns the accessor as a subject.
pub(crate) fn subject<A: Accessor>(runtime: &Arc<Runtime>, accessor: A) -> Box<dyn Subject> {
    Box::new(Taking {
        runtime: Arc::clone(runtime),
        accessor,
    })
}

impl<A: Accessor> Subject for Taking<A> {
    fn slice(&self, concurrency: usize, time: Duration) -> Result<Slice, Failure> {
        std::thread::scope(|scope| {
            let begun = Instant::now();
            let end = begun + time;
            let taking = move || self.runtime.block_on(take_until(&self.accessor, end));
            let threads: Vec<_> = (0..concurrency).map(|_| scope.spawn(taking)).collect();
            let mut operations = 0;
            for thread in threads {
                operations += thread.join().map_err(|_| "a thread panicked")??;
            }
            Ok(Slice::new(operations, begun.elapsed()))
        })
    }
}

async fn take_until<A: Accessor>(accessor: &A, end: Instant) -> Result<u64, Failure> {
    let mut operations = 0;
    loop {
        for _ in 0..BATCH {
            black_box(accessor.take().await?);
        }
        operations += BATCH;
        if Instant::now() >= end {
            return Ok(operations);
        }
    }
}

/// A connection that is cloned.
pub(crate) struct Cloned(pub(crate) MultiplexedConnection);

impl Accessor for Cloned {
    type Handle = MultiplexedConnection;

    async fn take(&self) -> Result<Self::Handle, Failure> {
        Ok(black_box(&self.0).clone())
    }
}

/// A connection in an `ArcSwap`, which is loaded and cloned.
pub(crate) struct Swappable(ArcSwap<MultiplexedConnection>);

impl Swappable {
    pub(crate) fn new(connection: MultiplexedConnection) -> Self {
        Self(ArcSwap::from_pointee(connection))
    }
}

impl Accessor for Swappable {
    type Handle = MultiplexedConnection;

    async fn take(&self) -> Result<Self::Handle, Failure> {
        Ok(MultiplexedConnection::clone(&self.0.load()))
    }
}

/// The accessor of a component that is declared at run time.
pub(crate) struct Declared(pub(crate) &'static Component);

impl Accessor for Declared {
    type Handle = Connection;

    async fn take(&self) -> Result<Self::Handle, Failure> {
        Ok(self.0.connection().await?)
    }
}
