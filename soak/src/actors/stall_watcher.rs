//! Notices that the machine did not run this process: a virtual machine can stop for seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::record::stall_watch::LOOKED_EVERY;
use crate::soak::Soak;

/// A sleep that takes this much longer than asked is a stall: timeouts of calls may have expired
/// although their answers had arrived.
const STOOD_STILL: Duration = Duration::from_millis(400);

/// A thread that only watches for stalls, so that nothing but the system delays it.
pub(crate) struct Watcher {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watcher {
    pub(crate) fn start(soak: &Arc<Soak>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (asked, soak) = (Arc::clone(&ended), Arc::clone(soak));
        let thread = thread::spawn(move || {
            let mut before = Instant::now();
            while !asked.load(Ordering::SeqCst) {
                thread::sleep(LOOKED_EVERY);
                let now = Instant::now();
                if now - before > LOOKED_EVERY + STOOD_STILL {
                    soak.stood_still(before, now);
                }
                soak.stall_watch.note(now);
                before = now;
            }
        });
        Self { ended, thread }
    }

    /// Ends the watch. No caller may be active any more.
    pub(crate) fn end(self) -> JoinHandle<()> {
        self.ended.store(true, Ordering::SeqCst);
        self.thread
    }
}
