//! Whether the machine runs this process at all: a virtual one is stopped now and then, for seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::record::stall_watch::LOOKED_EVERY;
use crate::soak::Soak;

/// Who sleeps for so much longer than asked was not run in time: time-outs of calls may have passed with their answers there.
const STOOD_STILL: Duration = Duration::from_millis(400);

/// A thread that watches the machine and does nothing else, so that nothing but the system delays it.
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

    /// To be called when nobody calls any more.
    pub(crate) fn end(self) -> JoinHandle<()> {
        self.ended.store(true, Ordering::SeqCst);
        self.thread
    }
}
