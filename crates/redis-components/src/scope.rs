//! The settings that hold here: a scope's, or the process's.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::race::OnceBox;

use crate::error::{Error, ErrorKind};
use crate::registry::Registry;
use crate::settings::Settings;

tokio::task_local! {
    static CURRENT: Arc<Registry>;
}

/// Whether a scope was ever made. Processes without a scope skip the look-up.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// Made without a lock, for which a forked child could wait forever.
static PROCESS: OnceBox<OfProcess> = OnceBox::new();

/// The registry of the process.
struct OfProcess {
    registry: Arc<Registry>,
    /// Whether the application installed its settings.
    is_installed: bool,
}

/// A scope of [`Settings`], to be carried into the tasks and threads that its code starts.
#[derive(Clone)]
pub struct Scope(Arc<Registry>);

impl Scope {
    fn new(settings: Settings) -> Self {
        IN_USE.store(true, Ordering::Release);
        Self(Arc::new(Registry::new(settings)))
    }

    /// Returns the scope that this code runs in, if there is one. Carry it to another thread and
    /// use it there with [`run_blocking`](Self::run_blocking).
    #[must_use]
    pub fn current() -> Option<Self> {
        current().map(Self)
    }

    /// Returns a future that runs in the scope in which `wrap` is called. Without a scope, it runs
    /// as it is. For tasks:
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

impl Settings {
    /// Makes these the settings of the process.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Settings`] if settings are installed already, or a component was used
    /// before, or a part of the [`Policy`](crate::Policy) allows nothing, and
    /// [`ErrorKind::ShutDown`] after a [`shutdown`](crate::shutdown).
    pub fn install(self) -> Result<(), Error> {
        self.allowed().demand_usable()?;
        let installed = OfProcess {
            registry: Arc::new(Registry::new(self)),
            is_installed: true,
        };
        PROCESS.set(Box::new(installed)).map_err(|_| {
            if of_process().was_shut_down() {
                let text = "redis-components was shut down before the settings were installed";
                return Error::new(ErrorKind::ShutDown, text);
            }
            let earlier = if is_installed() {
                "settings are installed already; install them once, when the application starts"
            } else {
                "a component was used before the settings were installed; install them first"
            };
            Error::new(ErrorKind::Settings, earlier)
        })
    }

    /// Runs `future` under these settings, with its own clients. Tests can run side by side in one
    /// process, each with its own servers. Tasks that are spawned inside carry the scope on with
    /// [`Scope::wrap`].
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        Scope::new(self).run(future)
    }

    /// Runs `f` under these settings, with its own clients.
    pub fn scope_blocking<T>(self, f: impl FnOnce() -> T) -> T {
        Scope::new(self).run_blocking(f)
    }
}

/// Returns `true` if this process has made a scope.
pub(crate) fn in_use() -> bool {
    IN_USE.load(Ordering::Acquire)
}

/// Returns the registry of the process.
pub(crate) fn of_process() -> &'static Arc<Registry> {
    let of_process = PROCESS.get_or_init(|| {
        Box::new(OfProcess {
            registry: Arc::new(Registry::new(Settings::default())),
            is_installed: false,
        })
    });
    &of_process.registry
}

/// Returns the registry of the current scope, if there is one.
///
/// # Errors
///
/// Returns an error if scopes are in use, none is current and no settings are installed: a test
/// that forgot [`Scope::wrap`] must not end up on a real server.
pub(crate) fn scoped() -> Result<Option<Arc<Registry>>, Error> {
    if !in_use() {
        return Ok(None);
    }
    let current = current();
    if current.is_none() && !is_installed() {
        return Err(Error::new(
            ErrorKind::Settings,
            "this process uses `Settings::scope`, and this call is in none; wrap the spawned task in \
             `Scope::wrap`, or install settings for the whole process",
        ));
    }
    Ok(current)
}

/// Returns the registry that holds here.
pub(crate) fn registry() -> Result<Arc<Registry>, Error> {
    Ok(scoped()?.unwrap_or_else(|| Arc::clone(of_process())))
}

/// Returns the registry that holds here, if there is one yet. This does not count as a use before
/// [`Settings::install`].
pub(crate) fn registry_in_force() -> Option<Arc<Registry>> {
    current().or_else(|| {
        let of_process = PROCESS.get();
        of_process.map(|of_process| Arc::clone(&of_process.registry))
    })
}

fn current() -> Option<Arc<Registry>> {
    CURRENT.try_with(Arc::clone).ok()
}

fn is_installed() -> bool {
    PROCESS
        .get()
        .is_some_and(|of_process| of_process.is_installed)
}
