//! Asynchronous contestants, called by tasks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::subject::{Slice, Subject};

/// A contestant that can log a recent message from a task.
pub(crate) trait Asynchronous: Send + Sync + 'static {
    /// The state that a task keeps from call to call.
    type Caller: Send + 'static;

    /// Returns the state of a task.
    fn caller(&self, task: usize) -> Self::Caller;

    fn log_recent(caller: &mut Self::Caller) -> impl Future<Output = Result<(), Failure>> + Send;
}

struct Tasks<A> {
    runtime: Arc<Runtime>,
    contestant: A,
}

/// Returns the contestant as a subject.
pub(crate) fn subject<A: Asynchronous>(runtime: &Arc<Runtime>, contestant: A) -> Box<dyn Subject> {
    Box::new(Tasks {
        runtime: Arc::clone(runtime),
        contestant,
    })
}

impl<A: Asynchronous> Subject for Tasks<A> {
    fn slice(&self, concurrency: usize, time: Duration) -> Result<Slice, Failure> {
        self.runtime.block_on(async {
            let begun = Instant::now();
            let end = begun + time;
            let spawned = (0..concurrency).map(|task| {
                let caller = self.contestant.caller(task);
                tokio::spawn(call_until::<A>(caller, end))
            });
            let mut ended = Vec::with_capacity(concurrency);
            for task in spawned.collect::<Vec<_>>() {
                ended.push(task.await?);
            }
            let elapsed = begun.elapsed();
            let operations = ended.into_iter().sum::<Result<u64, Failure>>()?;
            Ok(Slice::new(operations, elapsed))
        })
    }
}

async fn call_until<A: Asynchronous>(mut caller: A::Caller, end: Instant) -> Result<u64, Failure> {
    let mut operations = 0;
    // Each task calls at least once, even if its turn comes late.
    loop {
        A::log_recent(&mut caller).await?;
        operations += 1;
        if Instant::now() >= end {
            return Ok(operations);
        }
    }
}
