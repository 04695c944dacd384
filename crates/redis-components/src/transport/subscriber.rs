//! The socket of a subscriber, whose server sends messages at any time.

use std::io;
use std::mem::take;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use redis::{Cmd, RedisResult, Value};
use tokio::io::{AsyncReadExt, AsyncWrite};

use super::ends::Ends;
use super::multiplexer::incoming::Incoming;
use super::reply_bounds::ReplyBounds;
use super::stream::Stream;

/// A socket that is logged in, and speaks RESP2. It moves bytes only while it is polled, so a server
/// whose messages nobody takes is not read from.
pub(crate) struct SubscriberSocket {
    _ends: Ends,
    stream: Stream,
    incoming: Incoming,
    outgoing: Vec<u8>,
    written: usize,
    is_flushed: bool,
    has_read: bool,
}

impl SubscriberSocket {
    pub(super) fn new(stream: Stream, ends: Ends) -> Self {
        Self {
            _ends: ends,
            stream,
            incoming: Incoming::new(ReplyBounds::DATA),
            outgoing: Vec::new(),
            written: 0,
            is_flushed: true,
            has_read: false,
        }
    }

    /// Returns `true` if anything has come since this was asked, also a part of a value.
    pub(crate) fn take_has_read(&mut self) -> bool {
        take(&mut self.has_read)
    }

    /// Sends a command with the next polls.
    pub(crate) fn send(&mut self, command: &Cmd) {
        self.outgoing
            .extend_from_slice(&command.get_packed_command());
    }

    /// Writes as much as the stream takes.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection has ended.
    pub(crate) fn write(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.written < self.outgoing.len() {
            let rest = &self.outgoing[self.written..];
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => self.written += written?,
                Poll::Pending => return Ok(()),
            }
            self.is_flushed = false;
        }
        self.outgoing.clear();
        self.written = 0;
        if !self.is_flushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(context)
        {
            flushed?;
            self.is_flushed = true;
        }
        Ok(())
    }

    /// Returns the next value that the server has sent, and writes meanwhile.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection has ended, or the server sends what no server may send.
    pub(crate) fn poll_value(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<Value>> {
        self.write(context)?;
        loop {
            if let Some(value) = self.incoming.next()? {
                return Poll::Ready(Ok(value));
            }
            let reading = pin!(self.stream.read_buf(self.incoming.buffer()));
            if ready!(reading.poll(context))? == 0 {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
            }
            self.has_read = true;
        }
    }
}
