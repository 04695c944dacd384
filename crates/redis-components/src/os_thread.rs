//! Starts threads, and finds out in each process whether threads start at all.
//!
//! The standard library takes a lock of the process when a thread starts and when it ends (1.95:
//! the table of stack guards, `sys/pal/unix/stack_overflow/thread_info.rs`). If a process forks
//! while another of its threads holds it, nobody releases it in the child, and every thread that
//! the child starts waits for it forever.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::fork::PerProcess;

/// How long the first thread of a process may take to start: thousands of times what it takes on
/// an idle machine.
const STARTS_WITHIN: Duration = Duration::from_secs(2);

/// How long each later call waits for it.
const LOOKED_FOR: Duration = Duration::from_millis(100);

static FIRST: PerProcess<First> = PerProcess::new();

/// Starts a thread that does `work`. The first call in a process waits until a thread has started.
///
/// # Errors
///
/// Returns an error if the system starts no thread, or if the process is a child in which none can
/// start.
pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    demand()?;
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(drop)
}

/// Waits until a thread has started in this process.
///
/// # Errors
///
/// Returns an error if none does.
pub(crate) fn demand() -> io::Result<()> {
    let first = FIRST.get_or_try_init(First::start)?;
    if first.has_started() {
        return Ok(());
    }
    Err(io::Error::other(
        "no thread starts in this process, perhaps because it was forked while a thread of its \
         parent started or ended; fork before the parent has threads, or use exec",
    ))
}

/// The first thread of this process: it does nothing but start.
struct First {
    begun: Instant,
    has_started: Arc<(Mutex<bool>, Condvar)>,
}

impl First {
    fn start() -> io::Result<Self> {
        let has_started = Arc::<(Mutex<bool>, Condvar)>::default();
        let theirs = Arc::clone(&has_started);
        let first = Self {
            begun: Instant::now(),
            has_started,
        };
        thread::Builder::new()
            .name("redis-components-first".into())
            .spawn(move || {
                let (has_started, woken) = &*theirs;
                *has_started.lock().unwrap_or_else(PoisonError::into_inner) = true;
                woken.notify_all();
            })?;
        Ok(first)
    }

    fn has_started(&self) -> bool {
        let (has_started, woken) = &*self.has_started;
        let has_started = has_started.lock().unwrap_or_else(PoisonError::into_inner);
        // A process that stood still has had no time to start it.
        let left = STARTS_WITHIN.saturating_sub(self.begun.elapsed());
        let left = left.max(LOOKED_FOR);
        let waited = woken.wait_timeout_while(has_started, left, |has_started| !*has_started);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
