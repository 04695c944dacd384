//! The bytes that have come, and the replies in them.

use std::io::{self, Read};

use redis::{RedisError, RedisResult, Value, parse_redis_value};

use super::shared::KEPT_BUFFER;
use crate::transport::reply_bounds::ReplyBounds;
use crate::transport::reply_scan::Replies;

/// At least so many bytes are read at once.
const READ: usize = 8 * 1024;

/// The longest line that is read without keeping count of it.
const SHORT_LINE: usize = 32;

/// What the server has sent and nobody has taken. A reply is parsed once, when all of it has come.
#[derive(Debug)]
pub(in crate::transport) struct Incoming {
    bytes: Vec<u8>,
    /// Where the next reply begins.
    start: usize,
    /// How far the scan has come. It has not begun with the next reply if that begins there.
    scanned: usize,
    scan: Replies,
}

impl Incoming {
    pub(in crate::transport) fn new(bounds: ReplyBounds) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            scanned: 0,
            scan: Replies::new(bounds),
        }
    }

    /// Returns the buffer, with room at its end. Bytes are appended to it.
    pub(in crate::transport) fn buffer(&mut self) -> &mut Vec<u8> {
        self.forget_taken();
        self.bytes.reserve(READ);
        &mut self.bytes
    }

    /// Removes what was taken.
    fn forget_taken(&mut self) {
        self.bytes.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT_BUFFER);
        }
    }

    /// Reads the next reply from a stream that blocks. `buffer` is overwritten.
    ///
    /// # Errors
    ///
    /// Returns an error as [`next`](Self::next) does, and if the stream ends or fails.
    pub(in crate::transport) fn read(
        &mut self,
        stream: &mut impl Read,
        buffer: &mut [u8],
    ) -> RedisResult<Value> {
        loop {
            if let Some(reply) = self.next()? {
                return Ok(reply);
            }
            let length = stream.read(buffer)?;
            if length == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.forget_taken();
            self.bytes.extend_from_slice(&buffer[..length]);
        }
    }

    /// Returns the next reply, if all of it has come.
    ///
    /// # Errors
    ///
    /// Returns an error if it is none, or exceeds the bounds. The connection cannot be used any
    /// more.
    pub(in crate::transport) fn next(&mut self) -> RedisResult<Option<Value>> {
        if self.scanned == self.start
            && let Some((value, behind)) = short(&self.bytes[self.start..])
        {
            self.start = self.bytes.len() - behind.len();
            self.scanned = self.start;
            return Ok(Some(value));
        }
        let scanned = self.scan.reply(&self.bytes[self.scanned..]);
        let Some(length) = scanned.map_err(|error| RedisError::from(io::Error::from(error)))?
        else {
            self.scanned = self.bytes.len();
            return Ok(None);
        };
        self.scanned += length;
        let reply = &self.bytes[self.start..self.scanned];
        self.start = self.scanned;
        match value(reply) {
            Some((value, [])) => Ok(Some(value)),
            _ => parse_redis_value(reply).map(Some),
        }
    }
}

/// Reads one of the shortest replies, which no bounds forbid, if all of it is there.
fn short(bytes: &[u8]) -> Option<(Value, &[u8])> {
    match bytes.first()? {
        b'+' | b':' => value(&bytes[..bytes.len().min(SHORT_LINE)])
            .map(|(value, rest)| (value, &bytes[bytes.len().min(SHORT_LINE) - rest.len()..])),
        _ => None,
    }
}

/// Reads a reply of one of the usual kinds, if all of it is there. redis-rs's parser reads the
/// others, and it would take several times as long for these.
fn value(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let end = rest.iter().position(|byte| *byte == b'\r')?;
    let (line, rest) = rest.split_at(end);
    let rest = rest.strip_prefix(b"\r\n")?;
    match kind {
        b'+' if line == b"OK" => Some((Value::Okay, rest)),
        b'+' => {
            let text = std::str::from_utf8(line).ok()?;
            Some((Value::SimpleString(text.to_owned()), rest))
        }
        b':' => Some((Value::Int(number(line)?), rest)),
        b'$' | b'*' if line == b"-1" => Some((Value::Nil, rest)),
        b'$' => {
            let length = usize::try_from(number(line)?).ok()?;
            let (string, rest) = rest.split_at_checked(length)?;
            let rest = rest.strip_prefix(b"\r\n")?;
            Some((Value::BulkString(string.to_vec()), rest))
        }
        b'*' => {
            let count = usize::try_from(number(line)?).ok()?;
            // The shortest element has three bytes.
            let mut values = Vec::with_capacity(count.min(rest.len() / 3));
            let mut rest = rest;
            for _ in 0..count {
                let (element, behind) = value(rest)?;
                values.push(element);
                rest = behind;
            }
            Some((Value::Array(values), rest))
        }
        _ => None,
    }
}

/// Reads a number as servers write it.
fn number(line: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match line.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, line),
    };
    // Longer ones may not fit.
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some(if is_negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use redis::{Parser, RedisError, Value};

    use super::Incoming;
    use crate::generated::with_each;
    use crate::transport::generated::replies;
    use crate::transport::reply_bounds::ReplyBounds;

    /// Returns the replies in bytes that come in pieces, until there is an error.
    fn incoming(bytes: &[u8], mut piece: impl FnMut() -> usize) -> Vec<Value> {
        let mut incoming = Incoming::new(ReplyBounds::DATA);
        let (mut values, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let (next, behind) = rest.split_at(piece().clamp(1, rest.len()));
            incoming.buffer().extend_from_slice(next);
            rest = behind;
            loop {
                match incoming.next() {
                    Ok(Some(value)) => values.push(value),
                    Ok(None) => break,
                    Err(_) => return values,
                }
            }
        }
        values
    }

    /// Returns the same from a stream that blocks, and how it ends.
    fn read(mut bytes: &[u8], length: usize) -> (Vec<Value>, RedisError) {
        let mut incoming = Incoming::new(ReplyBounds::DATA);
        let (mut values, mut buffer) = (Vec::new(), vec![0; length]);
        loop {
            match incoming.read(&mut bytes, &mut buffer) {
                Ok(value) => values.push(value),
                Err(error) => return (values, error),
            }
        }
    }

    /// Returns what redis-rs's parser makes of them.
    fn parsed(mut bytes: &[u8]) -> Vec<Value> {
        let mut parser = Parser::new();
        std::iter::from_fn(|| parser.parse_value(&mut bytes).ok()).collect()
    }

    #[test]
    fn replies_are_those_of_redis_rs() {
        let all = b"+OK\r\n+a\r\n+\r\n:0\r\n:-12\r\n:9223372036854775807\r\n$0\r\n\r\n$3\r\na\rb\r\n$-1\r\n\
            *-1\r\n*0\r\n*3\r\n*1\r\n:1\r\n$1\r\na\r\n-ERR b\r\n-MOVED 1 a:1\r\n%1\r\n+a\r\n_\r\n*2\r\n$-1\r\n#t\r\n";
        assert_eq!(parsed(all).len(), 15);
        for length in 1..all.len() {
            assert_eq!(incoming(all, || length), parsed(all), "{length}");
            let (values, end) = read(all, length);
            assert_eq!(values, parsed(all), "{length}");
            assert!(end.is_connection_dropped(), "{end}");
        }
    }

    #[test]
    fn r11_whatever_comes_is_read_as_by_redis_rs_or_refused() {
        with_each(|random| {
            let bytes = replies(random);
            let read = incoming(&bytes, || random.usize(1..40));
            let expected = parsed(&bytes);
            assert_eq!(read, expected[..read.len()], "{}", bytes.escape_ascii());
            let (read, _) = self::read(&bytes, random.usize(1..40));
            assert_eq!(read, expected[..read.len()], "{}", bytes.escape_ascii());
        });
    }
}
