//! Blocking contestants, called by threads.

use std::time::{Duration, Instant};

use redis::{Client, Connection};

use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs_blocking::log_recent;
use crate::subject::{Slice, Subject};

/// A contestant that can log a recent message from a thread.
pub(crate) trait Blocking: Send + Sync + 'static {
    /// The state that a thread keeps from call to call.
    type Caller: Send;

    fn caller(&self) -> Result<Self::Caller, Failure>;

    fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure>;

    /// Takes back the state of a thread.
    fn done(&self, _: Self::Caller) {}
}

struct Threads<B>(B);

/// Returns the contestant as a subject.
pub(crate) fn subject<B: Blocking>(contestant: B) -> Box<dyn Subject> {
    Box::new(Threads(contestant))
}

impl<B: Blocking> Subject for Threads<B> {
    fn slice(&self, concurrency: usize, time: Duration) -> Result<Slice, Failure> {
        let callers = (0..concurrency).map(|_| self.0.caller());
        let callers = callers.collect::<Result<Vec<_>, _>>()?;
        let begun = Instant::now();
        let end = begun + time;
        let mut operations = 0;
        let mut returned = Vec::new();
        std::thread::scope(|scope| {
            let threads = callers
                .into_iter()
                .map(|caller| scope.spawn(move || call_until::<B>(caller, end)));
            for thread in threads.collect::<Vec<_>>() {
                let (caller, called) = thread.join().map_err(|_| "a thread panicked")??;
                operations += called;
                returned.push(caller);
            }
            Ok::<_, Failure>(())
        })?;
        let slice = Slice::new(operations, begun.elapsed());
        for caller in returned {
            self.0.done(caller);
        }
        Ok(slice)
    }
}

fn call_until<B: Blocking>(
    mut caller: B::Caller,
    end: Instant,
) -> Result<(B::Caller, u64), Failure> {
    let mut operations = 0;
    // Each thread calls at least once, even if its turn comes late.
    loop {
        B::log_recent(&mut caller)?;
        operations += 1;
        if Instant::now() >= end {
            return Ok((caller, operations));
        }
    }
}

/// One connection of redis-rs for each thread, kept from slice to slice.
pub(crate) struct Bare {
    client: Client,
    /// The timeout of each read and each write.
    timeout: Option<Duration>,
    idle: std::sync::Mutex<Vec<Connection>>,
}

impl Bare {
    pub(crate) fn new(url: &str, timeout: Option<Duration>) -> Result<Self, Failure> {
        Ok(Self {
            client: Client::open(url)?,
            timeout,
            idle: std::sync::Mutex::default(),
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Blocking for Bare {
    type Caller = Connection;

    fn caller(&self) -> Result<Connection, Failure> {
        if let Some(idle) = self.idle().pop() {
            return Ok(idle);
        }
        let connection = self.client.get_connection()?;
        connection.set_read_timeout(self.timeout)?;
        connection.set_write_timeout(self.timeout)?;
        Ok(connection)
    }

    fn log_recent(caller: &mut Connection) -> Result<(), Failure> {
        Ok(log_recent(caller, APP, MESSAGE)?)
    }

    fn done(&self, caller: Connection) {
        self.idle().push(caller);
    }
}
