//! The future that moves a connection's bytes.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use redis::{RedisError, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep};

use super::awaited::Awaited;
use super::incoming::Incoming;
use super::shared::{KEPT_BUFFER, Next, Rest, Shared, closed};
use super::slots::SlotNumber;
use crate::clock::Tick;
use crate::transport::reply_bounds::ReplyBounds;

/// Drives a connection until it ends.
///
/// On tokio's multi-thread runtime, a task that is woken by the running task runs next. The driver
/// would follow each caller that sends, and each command would be its own system call. So while
/// several requests are in flight, it lets the tasks that are ready go first, once for each time it
/// is woken, and again when it has woken several callers. docs/performance.md has the gain.
///
/// After the runtime has stood still, the driver goes first. Tasks whose timeouts have passed
/// meanwhile must find the replies that have come meanwhile.
pub(super) struct Driver<S> {
    stream: S,
    shared: Arc<Shared>,
    /// The requests whose replies are still to come, in their order.
    in_flight: VecDeque<Awaited>,
    /// How many of these, from the first, have passed their deadlines.
    expired: usize,
    writing: Vec<u8>,
    written: usize,
    is_flushed: bool,
    incoming: Incoming,
    results: Vec<(SlotNumber, RedisResult<Value>)>,
    /// Ends at the first deadline, or before.
    timer: Pin<Box<Sleep>>,
    is_timed: bool,
    has_given_way: bool,
    polled: Tick,
    /// [`STOOD_STILL`], except in tests.
    pub(super) stood_still: Duration,
}

/// If a driver of many requests is not polled for this long, its executor has stood still. The time
/// is longer than the clock's resolution, and shorter than any timeout that calls can keep on that
/// executor.
const STOOD_STILL: Duration = Duration::from_millis(25);

/// After so many bytes, deadlines are kept and other tasks go first. A server may send without end.
const READ_AT_ONCE: usize = 64 * 1024;

impl<S> Driver<S> {
    /// The current runtime must be the one that will drive the connection.
    pub(super) fn new(stream: S, shared: Arc<Shared>, bounds: ReplyBounds) -> Self {
        Self {
            stream,
            shared,
            in_flight: VecDeque::new(),
            expired: 0,
            writing: Vec::new(),
            written: 0,
            is_flushed: true,
            incoming: Incoming::new(bounds),
            results: Vec::new(),
            timer: Box::pin(sleep(Duration::ZERO)),
            is_timed: false,
            has_given_way: false,
            polled: Tick::now(),
            stood_still: STOOD_STILL,
        }
    }

    /// Returns `true` if the driver is to be polled again after the tasks that are ready.
    fn gives_way(&mut self) -> bool {
        let stood_still = self.polled.elapsed() > self.stood_still;
        self.polled = Tick::now();
        self.has_given_way = !self.has_given_way && !stood_still && self.shared.gives_way();
        self.has_given_way
    }

    fn has_written(&self) -> bool {
        self.written == self.writing.len()
    }

    /// Takes what callers have left.
    fn take(&mut self, context: &Context<'_>) {
        let has_written = self.has_written();
        if has_written {
            self.writing.clear();
            self.writing.shrink_to(KEPT_BUFFER);
            self.written = 0;
        }
        let writing = has_written.then_some(&mut self.writing);
        self.shared
            .take(context.waker(), &mut self.in_flight, writing);
    }

    /// Takes the replies that are complete.
    fn take_replies(&mut self) -> RedisResult<()> {
        while let Some(reply) = self.incoming.next()? {
            if self.in_flight.is_empty() {
                self.shared.take_sent(&mut self.in_flight);
            }
            // On a connection like this one nobody waits for a push.
            let Some(awaited) = self.in_flight.front_mut().filter(|_| !is_push(&reply)) else {
                continue;
            };
            if let Some(result) = awaited.replies.take(reply) {
                self.results
                    .extend(awaited.slot.take().map(|slot| (slot, result)));
                self.in_flight.pop_front();
                self.expired = self.expired.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// Ends the requests that have passed their deadlines, and sees to it that the driver is polled
    /// at the next one.
    fn keep_deadlines(&mut self, context: &mut Context<'_>) {
        loop {
            let next = self.in_flight.get(self.expired).map(|next| next.deadline);
            if !self.is_timed {
                let Some(next) = next else { return };
                self.timer.as_mut().reset(next);
                self.is_timed = true;
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return;
            }
            self.is_timed = false;
            let now = Instant::now();
            while let Some(awaited) = self.in_flight.get_mut(self.expired)
                && awaited.deadline <= now
            {
                let error = RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
                self.results
                    .extend(awaited.slot.take().map(|slot| (slot, Err(error))));
                self.expired += 1;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Writes as much as the stream takes.
    fn write(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while !self.has_written() {
            let rest = &self.writing[self.written..];
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => self.written += written?,
                Poll::Pending => return Ok(()),
            }
            self.is_flushed = false;
        }
        if !self.is_flushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(context)
        {
            flushed?;
            self.is_flushed = true;
        }
        Ok(())
    }

    /// Reads what has come, and the rest after other tasks if it is much.
    fn read(&mut self, context: &mut Context<'_>) -> RedisResult<()> {
        let mut left = READ_AT_ONCE;
        loop {
            let mut stream = (&mut self.stream).take(left as u64);
            let reading = pin!(stream.read_buf(self.incoming.buffer()));
            match reading.poll(context) {
                Poll::Ready(Ok(0)) => return Err(closed()),
                Poll::Ready(Ok(length)) => {
                    self.take_replies()?;
                    left = left.saturating_sub(length);
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => return Ok(()),
            }
            if left == 0 {
                self.has_given_way = true;
                return Ok(());
            }
        }
    }

    /// Always reads and writes, because a server that is not read from may not read either.
    fn go_on(&mut self, context: &mut Context<'_>) -> RedisResult<Next> {
        self.take(context);
        self.write(context)?;
        self.read(context)?;
        self.keep_deadlines(context);
        if self.results.len() > 1 {
            self.has_given_way = true;
        }
        self.shared.deliver(&mut self.results);
        let rest = Rest {
            is_blocked: !self.has_written(),
            is_timed: self.is_timed,
            // Nobody knows if the others will ever be answered.
            is_idle: self.expired == self.in_flight.len(),
            goes_on: self.has_given_way,
        };
        Ok(self.shared.rest(&rest))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Driver<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let driver = &mut *self;
        if driver.gives_way() {
            // A task that wakes itself goes to the end of the queue.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match driver.go_on(context) {
                Ok(Next::Look) if driver.has_given_way => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(Next::Look) => {}
                Ok(Next::Sleep) => return Poll::Pending,
                Ok(Next::End) => {
                    // TLS says goodbye. Nobody waits for that.
                    let _ = Pin::new(&mut driver.stream).poll_shutdown(context);
                    return Poll::Ready(());
                }
                Err(error) => {
                    driver.shared.deliver(&mut driver.results);
                    driver.shared.end(error);
                    return Poll::Ready(());
                }
            }
        }
    }
}

/// Ends all requests, also if the runtime drops the driver.
impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.shared.end(closed());
    }
}

fn is_push(reply: &Value) -> bool {
    matches!(reply, Value::Push { .. })
}
