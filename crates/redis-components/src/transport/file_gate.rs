//! One thread at a time for each file. A file system that hangs keeps the thread that uses it, and
//! nothing ends that thread: so the next ones do not join it.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fork::PerProcess;

/// How long a file may be in use before others do not wait for it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// A child has none of the threads that use its parent's.
static GATE: PerProcess<Gate> = PerProcess::new();

#[derive(Debug, Default)]
struct Gate {
    /// Since when each file is in use.
    busy: Mutex<HashMap<PathBuf, Instant>>,
    freed: Condvar,
}

/// Frees a file when it is dropped.
struct InUse<'a> {
    gate: &'a Gate,
    path: &'a Path,
}

/// Uses a file while no other thread of this process does. This blocks.
///
/// # Errors
///
/// Returns an error of `work`, or if another thread has been at it for longer than files take.
pub(super) fn alone<T>(path: &Path, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let gate = GATE.get_or_init(Gate::default);
    let _in_use = gate.enter(path)?;
    work()
}

impl Gate {
    fn enter<'a>(&'a self, path: &'a Path) -> io::Result<InUse<'a>> {
        let mut busy = self.busy();
        while let Some(since) = busy.get(path) {
            let left = PATIENCE.saturating_sub(since.elapsed());
            if left.is_zero() {
                let what = "an earlier attempt to read it has not ended";
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            let waited = self.freed.wait_timeout(busy, left);
            busy = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        busy.insert(path.to_owned(), Instant::now());
        Ok(InUse { gate: self, path })
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<PathBuf, Instant>> {
        // Nothing that panics runs under this lock.
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.gate.busy().remove(self.path);
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::panic::catch_unwind;
    use std::path::Path;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::alone;

    #[test]
    fn r10_a_file_that_hangs_keeps_one_thread() {
        let path = Path::new("/nowhere/hangs");
        let (begun, hangs) = channel();
        let (frees, freed) = channel::<()>();
        let first = thread::spawn(move || {
            let work = || {
                begun.send(()).unwrap();
                freed.recv().unwrap();
                Ok(())
            };
            alone(path, work).unwrap();
        });
        hangs.recv().unwrap();
        let others: Vec<_> = (0..10)
            .map(|_| thread::spawn(move || alone(path, || Ok(()))))
            .collect();
        for other in others {
            let refused = other.join().unwrap().unwrap_err();
            assert!(refused.to_string().contains("has not ended"), "{refused}");
        }
        alone(Path::new("/nowhere/else"), || Ok(())).unwrap();
        frees.send(()).unwrap();
        first.join().unwrap();
        alone(path, || Ok(())).unwrap();
    }

    #[test]
    fn r10_a_file_in_use_is_waited_for() {
        let path = Path::new("/nowhere/waits");
        let (begun, is_in_use) = channel();
        let first = thread::spawn(move || alone(path, || begun.send(()).map_err(io::Error::other)));
        is_in_use.recv().unwrap();
        alone(path, || Ok(())).unwrap();
        first.join().unwrap().unwrap();
        let panicked = catch_unwind(|| alone::<()>(path, || panic!("of the work")));
        assert!(panicked.is_err());
        alone(path, || Ok(())).unwrap();
    }
}
