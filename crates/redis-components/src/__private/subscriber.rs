//! The connection of a subscriber, on which messages come for as long as its call lasts.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use redis::aio::PubSub;
use redis::{RedisError, ServerErrorKind, Value};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Acquire;
use super::dedicated::until_lost;
use super::own::Origin;
use crate::client::{Failure, connect};
use crate::{Component, Error};

/// A socket of its own for each call, on the server where the call began. It is closed when the `PubSub` and its streams are
/// dropped, and ends when the server does not answer any more.
impl Acquire for PubSub {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let (shared, origin) = Origin::current(component).await?;
        let bound = origin.timeouts().connect;
        let lost = Box::pin(until_lost(shared.clone()));
        let opened = tokio::time::timeout(bound, open(&origin, lost)).await;
        opened
            .unwrap_or_else(|_| Err(Failure::timed_out(bound)))
            .map_err(|failure| {
                if let Some(client) = shared.client() {
                    client.client.doubt();
                }
                origin.error(&failure)
            })
    }
}

/// Connects, logs in and probes.
async fn open(origin: &Origin, lost: BoxFuture<'static, ()>) -> Result<PubSub, Failure> {
    let config = origin.config();
    let stream = connect(config).await?;
    let lifeline = Lifeline {
        stream,
        lost: Some(lost),
    };
    let mut subscriber = PubSub::new(&config.redis_settings(), lifeline).await?;
    let answer: Result<Value, RedisError> = subscriber.ping().await;
    match answer {
        // A user who may not PING has logged in all the same.
        Err(error) if error.kind() == ServerErrorKind::NoPerm.into() => Ok(subscriber),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(subscriber),
    }
}

/// A socket that ends when its server is lost. A subscriber awaits no answers that could fail to come.
struct Lifeline {
    stream: TcpStream,
    /// None once it is.
    lost: Option<BoxFuture<'static, ()>>,
}

impl AsyncRead for Lifeline {
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

impl AsyncWrite for Lifeline {
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
