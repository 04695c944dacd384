//! The replies to a transaction: to MULTI, to each command, and to EXEC.

use std::io::{self, Cursor, Read};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::{Either, select};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisConnectionInfo, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Returns `count` of all replies to a transaction, after the first `offset`.
///
/// # Errors
///
/// Returns an error if MULTI or one of the commands was refused.
pub(crate) async fn behind(
    transaction: &Pipeline,
    mut replies: Vec<Value>,
    offset: usize,
    count: usize,
) -> RedisResult<Vec<Value>> {
    let mut behind = replies.split_off(offset.min(replies.len()));
    demand_begun(&replies)?;
    let is_refused = |reply: &Value| matches!(reply, Value::ServerError(_));
    if replies.iter().any(is_refused) {
        replies.extend(behind);
        return Box::pin(aborted(transaction, replies, offset, count)).await;
    }
    behind.truncate(count);
    Ok(behind)
}

/// Demands that a transaction has begun. `replies` are those to MULTI and to what follows it.
///
/// # Errors
///
/// Returns the error of MULTI. What followed it was executed then, so that nothing of it may be sent
/// again.
pub(crate) fn demand_begun(replies: &[Value]) -> RedisResult<()> {
    let Some(Err(error)) = replies.first().map(|begun| begun.clone().extract_error()) else {
        return Ok(());
    };
    let what = "MULTI was refused, and what followed it was executed command by command, as far as the user may";
    let detail = error.detail().unwrap_or_default().to_owned();
    Err((error.kind(), what, detail).into())
}

/// Returns the replies to the commands of a transaction, which are one, that to EXEC.
///
/// # Errors
///
/// Returns the error of EXEC: redis-rs would call it a reply that it cannot read.
pub(crate) fn executed(result: RedisResult<Vec<Value>>) -> RedisResult<Vec<Value>> {
    let replies = result?;
    match replies.as_slice() {
        [Value::ServerError(error)] => Err(error.clone().into()),
        _ => Ok(replies),
    }
}

/// Returns what redis-rs makes of the replies to a transaction, some of whose commands were refused.
/// Only it can make the error that lists them, and only out of replies.
async fn aborted(
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
