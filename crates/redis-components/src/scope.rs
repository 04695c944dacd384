//! Settings for a part of a process.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::registry::Registry;

tokio::task_local! {
    static CURRENT: Arc<Registry>;
}

/// Whether any scope was ever made; spares processes without one the look-up.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// A scope of [`Settings`](crate::Settings), to be carried into the tasks and threads that its code starts.
#[derive(Clone)]
pub struct Scope(Arc<Registry>);

impl Scope {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        IN_USE.store(true, Ordering::Release);
        Self(registry)
    }

    /// The scope that this code runs in, if any: to be carried to another thread and used there with
    /// [`run_blocking`](Self::run_blocking).
    #[must_use]
    pub fn current() -> Option<Self> {
        current().map(Self)
    }

    /// A future that runs in the scope in which `wrap` is called; without one, as it is. For tasks:
    ///
    /// ```
    /// # async fn work() {}
    /// # async fn in_scope() {
    /// tokio::spawn(redis_components::Scope::wrap(async { work().await }));
    /// # }
    /// ```
    pub fn wrap<F: Future>(future: F) -> impl Future<Output = F::Output> {
        let scope = Self::current();
        async move {
            match scope {
                Some(scope) => scope.run(future).await,
                None => future.await,
            }
        }
    }

    /// Runs `future` in this scope.
    pub fn run<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.0, future)
    }

    /// Runs `f` in this scope.
    pub fn run_blocking<T>(self, f: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.0, f)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(&Arc::as_ptr(&self.0)).finish()
    }
}

pub(crate) fn in_use() -> bool {
    IN_USE.load(Ordering::Acquire)
}

pub(crate) fn current() -> Option<Arc<Registry>> {
    CURRENT.try_with(Arc::clone).ok()
}
