//! How long a request may take, whatever its peer and signals do.

use std::io::{self, IoSlice, Read, Write};
use std::time::{Duration, Instant};

/// How long a request may take to be sent and answered.
pub(crate) enum Deadline {
    /// This long after it begins.
    After(Duration),
    /// While this returns `true`. It is called now and then.
    While(Box<dyn FnMut() -> bool + Send>),
}

/// A stream for one request. It reads and writes until a deadline, or while it may go on, whatever
/// interrupts it. The stream's own timeout bounds a single read or write, so that at most one of
/// each comes on top.
pub(crate) struct DeadlineStream<'a, S> {
    stream: S,
    deadline: Option<Instant>,
    /// Whether the deadline was over when the last read or write ended.
    is_over: bool,
    goes_on: Option<&'a mut dyn FnMut() -> bool>,
}

impl Deadline {
    /// Begins a request.
    pub(crate) fn begin<S>(&mut self, stream: S) -> DeadlineStream<'_, S> {
        let (deadline, goes_on): (_, Option<&mut dyn FnMut() -> bool>) = match self {
            Self::After(timeout) => (Some(Instant::now() + *timeout), None),
            Self::While(goes_on) => (None, Some(goes_on)),
        };
        DeadlineStream {
            stream,
            deadline,
            is_over: false,
            goes_on,
        }
    }
}

impl<S> DeadlineStream<'_, S> {
    /// Reads or writes some bytes. `last` is how many bytes are left to write; no deadline cuts a
    /// write that completes them.
    fn until_done(
        &mut self,
        last: Option<usize>,
        mut act: impl FnMut(&mut S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            if self.is_over {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let result = act(&mut self.stream);
            // A reply that has arrived is read, even if the thread did not run for a long time.
            if last.is_some_and(|last| matches!(result, Ok(written) if written == last)) {
                return result;
            }
            let deadline = self.deadline;
            self.is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            // The reply may have come in time, to a thread that did not run in time.
            if self.is_over && result.is_err() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if took_too_long(&error) => {
                    let goes_on = self.goes_on.as_mut().is_some_and(|goes_on| goes_on());
                    if !goes_on {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                result => return result,
            }
        }
    }
}

impl<S: Read> Read for DeadlineStream<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_done(None, |stream| stream.read(buffer))
    }
}

impl<S: Write> Write for DeadlineStream<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(Some(bytes.len()), |stream| stream.write(bytes))
    }

    /// TLS writes its records so.
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let length = parts.iter().map(|part| part.len()).sum();
        self.until_done(Some(length), |stream| stream.write_vectored(parts))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Returns `true` if the stream's own timeout has passed. Platforms name that differently.
fn took_too_long(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::time::{Duration, Instant};

    use redis::{Parser, Value};

    use super::{Deadline, DeadlineStream};

    /// Interrupted before each byte; endless if `text` is.
    struct Interrupted<I> {
        text: I,
        now: bool,
    }

    impl<I: Iterator<Item = u8>> Read for Interrupted<I> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.now = !self.now;
            if self.now {
                return Err(io::ErrorKind::Interrupted.into());
            }
            buffer[0] = self.text.next().unwrap();
            Ok(1)
        }
    }

    fn reading<I: Iterator<Item = u8>>(
        text: I,
        bound: Duration,
    ) -> DeadlineStream<'static, Interrupted<I>> {
        DeadlineStream {
            stream: Interrupted { text, now: false },
            deadline: Some(Instant::now() + bound),
            is_over: false,
            goes_on: None,
        }
    }

    #[test]
    fn a_reply_survives_interruptions() {
        let mut stream = reading(b"$5\r\nhello\r\n".iter().copied(), Duration::from_secs(60));
        let reply = Parser::new().parse_value(&mut stream).unwrap();
        assert_eq!(reply, Value::BulkString(b"hello".to_vec()));
    }

    /// Takes a request, and holds the sender until the reply is there.
    struct Late(io::Cursor<&'static [u8]>);

    impl Write for Late {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(5));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Late {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    #[test]
    fn a_reply_that_is_there_is_read_by_a_thread_that_was_not_run_in_time() {
        let mut deadline = Deadline::After(Duration::from_millis(1));
        let mut stream = deadline.begin(Late(io::Cursor::new(b"+hello\r\n")));
        stream.write_all(b"PING\r\n").unwrap();
        let reply = Parser::new().parse_value(&mut stream).unwrap();
        assert_eq!(reply, Value::SimpleString("hello".to_owned()));
    }

    #[test]
    fn a_reply_without_an_end_ends_at_the_deadline() {
        let mut stream = reading(std::iter::repeat(b'+'), Duration::from_millis(20));
        let error = Parser::new().parse_value(&mut stream).unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }

    /// Takes one byte at a time, each in time.
    struct Reluctant(Duration);

    impl Write for Reluctant {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            std::thread::sleep(self.0);
            Ok(1)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_request_that_is_taken_byte_by_byte_ends_at_the_deadline() {
        let pause = Duration::from_millis(1);
        let mut deadline = Deadline::After(20 * pause);
        let mut stream = deadline.begin(Reluctant(pause));
        let error = stream.write_all(&[0; 100_000]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
