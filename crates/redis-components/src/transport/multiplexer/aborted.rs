//! The error of a transaction that the server did not execute.
//!
//! Only redis-rs can make the error that lists the commands which were refused, and only out of
//! replies. So it gets the replies once more.

use std::io::{self, Cursor, Read};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::{Either, select};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisConnectionInfo, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Returns what redis-rs makes of the replies to a transaction, some of whose commands were refused.
pub(super) async fn aborted(
    transaction: &Pipeline,
    replies: Vec<Value>,
    offset: usize,
    count: usize,
) -> RedisResult<Vec<Value>> {
    let stream = Replies {
        bytes: Cursor::new(replies.iter().flat_map(packed).collect()),
        reader: None,
        is_asked: false,
    };
    let session = RedisConnectionInfo::default().set_skip_set_lib_name();
    let (mut connection, driver) = MultiplexedConnection::new(&session, stream).await?;
    let asking = Box::pin(connection.send_packed_commands(transaction, offset, count));
    match select(asking, Box::pin(driver)).await {
        Either::Left((result, _)) => result,
        // The stream ends behind the replies.
        Either::Right(((), asking)) => asking.await,
    }
}

/// Returns a reply as the server has sent it. Only errors matter.
fn packed(reply: &Value) -> Vec<u8> {
    let Value::ServerError(error) = reply else {
        return b"+QUEUED\r\n".to_vec();
    };
    let code = error.code();
    match error.details() {
        Some(details) => format!("-{code} {details}\r\n").into_bytes(),
        None => format!("-{code}\r\n").into_bytes(),
    }
}

/// A stream that answers one request with replies that have come before.
struct Replies {
    bytes: Cursor<Vec<u8>>,
    reader: Option<Waker>,
    is_asked: bool,
}

impl AsyncRead for Replies {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_asked {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let length = self.bytes.read(buffer.initialize_unfilled())?;
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replies {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.is_asked = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
