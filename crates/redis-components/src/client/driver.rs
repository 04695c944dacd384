//! What moves a connection's bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::line::Line;

/// Drives a connection until it ends, so that the commands of many callers go out in one write.
///
/// A task that is woken by the task that runs is the next to run on tokio's multi-thread runtime. So each caller who sends would
/// be followed by the driver, and each command by a system call of its own. While many requests are under way, the
/// driver lets those who are ready to run go first, once for each time it is woken. What that gives, and where it costs,
/// docs/performance.md says.
pub(super) struct Driver {
    driver: BoxFuture<'static, ()>,
    line: Arc<Line>,
    has_given_way: bool,
}

impl Driver {
    pub(super) fn new(driver: BoxFuture<'static, ()>, line: Arc<Line>) -> Self {
        Self {
            driver,
            line,
            has_given_way: false,
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.has_given_way && self.line.traffic.is_heavy() {
            self.has_given_way = true;
            // A task that wakes itself goes to the end of the queue.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.has_given_way = false;
        self.driver
            .as_mut()
            .poll(context)
            .map(|()| self.line.health.lose())
    }
}

/// Ends the connection when its driver does, also when that is because its runtime is dropped.
impl Drop for Driver {
    fn drop(&mut self) {
        self.line.end();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending};
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use futures_util::future::{FutureExt, poll_fn};
    use socket2::{Domain, Socket, Type};

    use super::Driver;
    use crate::client::line::Line;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often, of four times that it is polled, a driver moves bytes, and how often it wakes itself.
    fn driven(requests: usize) -> (usize, usize) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let line = Arc::new(Line::new(socket));
        let _underway: Vec<_> = (0..requests).map(|_| line.traffic.begin()).collect();
        let moved = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&moved);
        let bytes = poll_fn(move |context| {
            counted.fetch_add(1, Ordering::Relaxed);
            pin!(pending()).poll(context)
        });
        let mut driver = Driver::new(bytes.boxed(), Arc::clone(&line));
        let wakes = Arc::new(Wakes::default());
        let waker = Arc::clone(&wakes).into();
        for _ in 0..4 {
            let polled = driver.poll_unpin(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        (
            moved.load(Ordering::Relaxed),
            wakes.0.load(Ordering::Relaxed),
        )
    }

    #[test]
    fn few_requests_go_out_at_once() {
        assert_eq!(driven(0), (4, 0));
        assert_eq!(driven(1), (4, 0));
        assert_eq!(driven(24), (4, 0));
    }

    #[test]
    fn while_there_are_many_callers_go_first() {
        assert_eq!(driven(25), (2, 2));
        assert_eq!(driven(256), (2, 2));
    }
}
