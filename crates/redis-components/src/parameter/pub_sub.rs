//! Functions that take a `PubSub`, on which messages come while the call lasts.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, Either, select};
use redis::aio::PubSub;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Acquire;
use crate::client::asynchronous::AsyncClient;
use crate::client::multiplexed::Multiplexed;
use crate::component::Component;
use crate::connection::line::until_lost;
use crate::error::{Error, ErrorKind};
use crate::fork::{MADE_BEFORE_FORK, Owned};
use crate::slot::published::OfGeneration;
use crate::telemetry::component::Subject;
use crate::transport::asynchronous::open_subscriber;

/// Each call gets a socket, on the server where the call began. It is closed when the `PubSub` and
/// its streams are dropped, and ends when the component has moved, or the server does not answer
/// any more.
impl Acquire for PubSub {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        open(component, true).await
    }

    async fn acquire_staying(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        open(component, false).await
    }
}

async fn open(component: &'static Component, follows: bool) -> Result<PubSub, Error> {
    let shared = component.client().await?;
    let home = shared.client.home().await?;
    let end = Box::pin(end(Arc::clone(&shared), Arc::clone(&home), follows));
    let guard = |stream| {
        Lifeline(Owned::new(Live {
            stream,
            end: Some(end),
        }))
    };
    open_subscriber(home.node(), shared.timeouts.connect, guard)
        .await
        .map_err(|failure| {
            home.note_refused(&failure);
            shared.error(&failure)
        })
}

/// Waits until the subscription has to end, and returns why.
async fn end(
    shared: Arc<OfGeneration<AsyncClient>>,
    home: Arc<Multiplexed>,
    follows: bool,
) -> io::Error {
    let lost = pin!(until_lost(home));
    let moved = async {
        match follows {
            true => shared.moved().await,
            false => shared.cut().await,
        }
    };
    let about = |kind, text: &str| {
        let Subject { component, key } = &shared.subject;
        Error::new(kind, text).about(component, key, Some(&shared.config.address()))
    };
    let moved_on = "the component has moved; subscribe again";
    match select(lost, pin!(moved)).await {
        Either::Left(_) => {
            let text = "the server does not answer any more";
            io::Error::new(
                io::ErrorKind::TimedOut,
                about(ErrorKind::ServerUnreachable, text),
            )
        }
        Either::Right(_) => {
            let error = match follows {
                true => about(ErrorKind::ComponentMoved, moved_on),
                false => shared.was_cut(),
            };
            io::Error::new(io::ErrorKind::ConnectionAborted, error)
        }
    }
}

/// A stream that ends when the component has moved, or its server is gone. A subscriber awaits no
/// answers, so a missing answer cannot show that.
struct Lifeline<S>(Owned<Live<S>>);

struct Live<S> {
    stream: S,
    /// `None` after it has ended.
    end: Option<BoxFuture<'static, io::Error>>,
}

impl<S> Lifeline<S> {
    /// Returns the stream, or an error in a child, which shares its parent's socket.
    fn live(&mut self) -> io::Result<&mut Live<S>> {
        let live = self.0.get_mut();
        live.ok_or_else(|| io::Error::other(MADE_BEFORE_FORK))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lifeline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Live { stream, end } = self.live()?;
        let Some(ending) = end else {
            return Poll::Ready(Ok(()));
        };
        if let Poll::Ready(error) = ending.as_mut().poll(context) {
            *end = None;
            return Poll::Ready(Err(error));
        }
        Pin::new(stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lifeline<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.live()?.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.live()?.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.live()?.stream).poll_shutdown(context)
    }
}
