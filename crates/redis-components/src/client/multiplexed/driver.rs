//! The future that moves a connection's bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::socket::Socket;
use crate::clock::Tick;

/// Drives a connection until it ends, so that one write carries the commands of many callers.
///
/// On tokio's multi-thread runtime, a task that is woken by the running task runs next. The driver
/// would follow each caller that sends, and each command would be its own system call. While many
/// requests are in flight, the driver lets the tasks that are ready go first, once for each time it
/// is woken. docs/performance.md has the gain and the cost.
///
/// After the runtime has stood still, the driver goes first. Tasks whose timeouts have passed
/// meanwhile must find the replies that have come meanwhile.
pub(super) struct Driver {
    driver: BoxFuture<'static, ()>,
    socket: Arc<Socket>,
    has_given_way: bool,
    polled: Tick,
    /// [`STOOD_STILL`], except in tests.
    stood_still: Duration,
}

/// If a driver of many requests is not polled for this long, its executor has stood still. The time
/// is longer than the clock's resolution, and shorter than any timeout that calls can keep on that
/// executor.
const STOOD_STILL: Duration = Duration::from_millis(25);

impl Driver {
    pub(super) fn new(driver: BoxFuture<'static, ()>, socket: Arc<Socket>) -> Self {
        Self {
            driver,
            socket,
            has_given_way: false,
            polled: Tick::now(),
            stood_still: STOOD_STILL,
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let stood_still = self.polled.elapsed() > self.stood_still;
        self.polled = Tick::now();
        if !self.has_given_way && !stood_still && self.socket.in_flight.are_many() {
            self.has_given_way = true;
            // A task that wakes itself goes to the end of the queue.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.has_given_way = false;
        self.driver
            .as_mut()
            .poll(context)
            .map(|()| self.socket.health.lose())
    }
}

/// Closes the connection when its driver ends, also if that is because its runtime is dropped.
impl Drop for Driver {
    fn drop(&mut self) {
        self.socket.close();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending};
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};
    use std::time::Duration;

    use futures_util::future::{FutureExt, poll_fn};
    use socket2::{Domain, Type};

    use super::Driver;
    use crate::client::multiplexed::socket::Socket;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls a driver four times. Returns how often it moves bytes, and how often it wakes itself.
    fn driven(requests: usize) -> (usize, usize) {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let socket = Arc::new(Socket::new(socket));
        let _in_flight: Vec<_> = (0..requests).map(|_| socket.in_flight.begin()).collect();
        let moved = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&moved);
        let bytes = poll_fn(move |context| {
            counted.fetch_add(1, Ordering::Relaxed);
            pin!(pending()).poll(context)
        });
        let mut driver = Driver::new(bytes.boxed(), Arc::clone(&socket));
        // The test may stand still as well.
        driver.stood_still = Duration::MAX;
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
