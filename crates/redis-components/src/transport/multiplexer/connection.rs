//! The handle to a connection that many calls share.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::call::{Call, Request};
use super::driver::Driver;
use super::shared::Shared;
use crate::settings::timeouts::Timeouts;
use crate::transport::reply_bounds::ReplyBounds;
use crate::transport::shared_socket::SharedSocket;
use crate::transport::transaction::behind;

/// A connection that many calls share. The last of its handles ends it, after all replies have come.
#[derive(Clone)]
pub(crate) struct Multiplexer(Arc<Handles>);

struct Handles {
    shared: Arc<Shared>,
    db: i64,
}

impl Multiplexer {
    /// Takes over a stream that is logged in. The future must be spawned: it moves the connection's
    /// bytes, and ends when the connection does. `socket` is that of the stream, if requests can be
    /// written to it as they are.
    pub(crate) fn new<S>(
        stream: S,
        socket: Option<SharedSocket>,
        db: u32,
        bounds: ReplyBounds,
        timeouts: Timeouts,
    ) -> (Self, impl Future<Output = ()> + Send + 'static)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shared = Arc::new(Shared::new(timeouts.response, socket));
        let driver = Driver::new(stream, Arc::clone(&shared), bounds);
        let handles = Handles {
            shared,
            db: i64::from(db),
        };
        (Self(Arc::new(handles)), driver)
    }

    /// Sends a command.
    pub(crate) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        self.request(Request::Command(command)).await
    }

    /// Sends a pipeline or transaction. Returns `count` replies after the first `offset`.
    pub(crate) async fn send_all(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let mut replies = match self.request(Request::Pipeline(pipeline)).await? {
            Value::Array(replies) => replies,
            reply => vec![reply],
        };
        if pipeline.is_transaction() {
            return behind(pipeline, replies, offset, count).await;
        }
        replies.drain(..offset.min(replies.len()));
        replies.truncate(count);
        Ok(replies)
    }

    pub(crate) fn db(&self) -> i64 {
        self.0.db
    }

    async fn request(&self, request: Request<'_>) -> RedisResult<Value> {
        let shared = &*self.0.shared;
        if shared.is_full() {
            // In a box, because the other calls have no need of it.
            return Box::pin(request_with_room(shared, request)).await;
        }
        Call::new(shared, request).await
    }
}

/// Waits until the socket takes requests again.
async fn request_with_room(shared: &Shared, request: Request<'_>) -> RedisResult<Value> {
    let waiting = async {
        loop {
            let room = shared.room.notified();
            if !shared.is_full() {
                break Call::new(shared, request).await;
            }
            room.await;
        }
    };
    timeout(shared.response, waiting)
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

impl ConnectionLike for Multiplexer {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(self.send(command))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(self.send_all(pipeline, offset, count))
    }

    fn get_db(&self) -> i64 {
        self.db()
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        if self.shared.is_of_this_process() {
            self.shared.leave();
        }
    }
}

impl fmt::Debug for Multiplexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiplexer").finish_non_exhaustive()
    }
}
