//! Functions that take a `PubSub`, on which messages come as long as the call lasts.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use redis::aio::PubSub;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Acquire;
use super::dedicated::until_lost;
use super::origin::Origin;
use crate::component::Component;
use crate::connection::Connection;
use crate::error::Error;
use crate::transport::asynchronous::open_subscriber;

/// Each call gets a socket, on the server where the call began. It is closed when the `PubSub` and its streams are dropped,
/// and ends when the server does not answer any more.
impl Acquire for PubSub {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let (shared, origin) = Origin::current(component).await?;
        let lost = Box::pin(until_lost(Connection::new(Arc::clone(&shared))));
        let guard = |stream| Lifeline {
            stream,
            lost: Some(lost),
        };
        open_subscriber(origin.config(), origin.timeouts().connect, guard)
            .await
            .map_err(|failure| {
                shared.client.probe_now();
                origin.error(&failure)
            })
    }
}

/// A stream that ends when its server is lost. A subscriber awaits no answers that could fail to come.
struct Lifeline<S> {
    stream: S,
    /// None once the server is lost.
    lost: Option<BoxFuture<'static, ()>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Lifeline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(lost) = &mut self.lost
            && lost.as_mut().poll(context).is_ready()
        {
            self.lost = None;
        }
        if self.lost.is_none() {
            let message = "the server does not answer any more";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lifeline<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
