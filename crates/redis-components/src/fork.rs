//! The current process. A forked child makes its own values, and leaves its parent's values alone.
//!
//! A child has a copy of its parent's memory and shares its parent's sockets. It has only the
//! thread that forked, and locks that other threads held stay locked. So a child takes no lock that
//! its parent has made, and uses no socket of its parent. It drops no value whose drop would do
//! either.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use forkguard::Guard;
use futures_util::future::BoxFuture;
use once_cell::race::OnceBox;
use tokio::runtime::Id;

/// How many runtimes are remembered. A process that has used more forgets the oldest.
const REMEMBERED: usize = 256;

/// The error text for a call that uses its parent's connection.
pub(crate) const MADE_BEFORE_FORK: &str =
    "the connection was made before the process forked; take one in the child";

/// The tokio runtimes that were used recently, and the process that used each first.
static RUNTIMES: ArcSwapOption<Vec<(Id, Process)>> = ArcSwapOption::const_empty();

/// The process that made something.
#[derive(Clone, Debug)]
pub(crate) struct Process(Guard);

impl Process {
    /// Returns the process that this code runs in. The first call registers the handler that counts
    /// forks, which fails (and panics) only if there is no memory.
    pub(crate) fn current() -> Self {
        Self(Guard::default())
    }

    /// Returns `true` if this code runs in that process, and not in a child of it.
    #[inline]
    pub(crate) fn is_current(&self) -> bool {
        !self.0.clone().detected_fork()
    }
}

/// A value that only the process that made it uses and drops. A child leaks it.
#[derive(Debug)]
pub(crate) struct Owned<T> {
    process: Process,
    value: Option<T>,
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::of(Some(value))
    }

    fn of(value: Option<T>) -> Self {
        Self {
            process: Process::current(),
            value,
        }
    }

    /// Returns the value, or `None` in a child.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.process.is_current())
    }

    /// Gives the value up, or returns `None` in a child.
    pub(crate) fn into_inner(mut self) -> Option<T> {
        self.get_mut()?;
        self.value.take()
    }

    /// Returns the value, or `None` in a child.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut().filter(|_| self.process.is_current())
    }
}

impl<T: Clone> Clone for Owned<T> {
    /// In a child, the clone has no value.
    fn clone(&self) -> Self {
        Self {
            process: self.process.clone(),
            value: self.get().cloned(),
        }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.process.is_current() {
            let _leaked = ManuallyDrop::new(self.value.take());
        }
    }
}

/// A value that each process makes for itself. It has no lock, so that a child never waits for a
/// thread that it does not have.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(OnceBox<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    value: Owned<T>,
    /// The values that children of that process have made.
    later: PerProcess<T>,
}

impl<T: Send + Sync> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceBox::new())
    }

    /// Returns this process's value, if it was made.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        let mut entry = self.0.get()?;
        loop {
            if let Some(value) = entry.value.get() {
                return Some(value);
            }
            entry = entry.later.0.get()?;
        }
    }

    /// Returns this process's value, and makes it if it was not made. If several threads make it at
    /// once, all get the same.
    pub(crate) fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => make().map(|value| self.get_or_set(value)),
        }
    }

    /// Returns this process's value, and makes it if it was not made.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.get_or_set(make()),
        }
    }

    fn get_or_set(&self, value: T) -> &T {
        let mut link = self;
        let mut value = Some(value);
        loop {
            let entry = link.0.get_or_init(|| {
                Box::new(Entry {
                    value: Owned::of(value.take()),
                    later: Self::new(),
                })
            });
            match entry.value.get() {
                Some(value) => return value,
                None => link = &entry.later,
            }
        }
    }
}

/// Returns `future`, which makes no progress in a child. There it would take its parent's answers
/// from a socket.
pub(crate) fn in_this_process(
    future: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'static, ()> {
    Box::pin(InThisProcess(Owned::new(Box::pin(future))))
}

struct InThisProcess(Owned<BoxFuture<'static, ()>>);

impl Future for InThisProcess {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.0.get_mut() {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

/// Notes that this process uses a runtime. Returns `false` if an earlier process has used the
/// runtime: its threads are not here, and its events come to either process.
pub(crate) fn claim_runtime(id: Id) -> bool {
    let known = RUNTIMES.load();
    let mut known = known.iter().flat_map(|known| known.iter());
    if let Some((_, process)) = known.find(|(known, _)| *known == id) {
        return process.is_current();
    }
    RUNTIMES.rcu(|known| {
        let mut next = known.as_deref().cloned().unwrap_or_default();
        if next.len() >= REMEMBERED {
            next.remove(0);
        }
        next.push((id, Process::current()));
        Some(Arc::new(next))
    });
    true
}
