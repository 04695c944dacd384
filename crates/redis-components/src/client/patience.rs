//! How long a request may take, whatever its peer and signals do.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// How long is waited for a request to be sent and replied to.
pub(super) enum Patience {
    /// So long.
    Bounded(Duration),
    /// For as long as this says, asked now and then, that the server is there.
    WhileServed(Box<dyn FnMut() -> bool + Send>),
}

/// A stream for one request: reads and writes until a deadline, or while the server is there, whatever interrupts it. A single
/// read or write is bounded by the stream's own time-out, so that at most one of each comes on top.
pub(super) struct Patient<'a, S> {
    stream: S,
    deadline: Option<Instant>,
    /// Whether the deadline was over when the last read or write ended.
    is_over: bool,
    is_served: Option<&'a mut dyn FnMut() -> bool>,
}

impl Patience {
    /// Begins a request.
    pub(super) fn begin<S>(&mut self, stream: S) -> Patient<'_, S> {
        let (deadline, is_served): (_, Option<&mut dyn FnMut() -> bool>) = match self {
            Self::Bounded(timeout) => (Some(Instant::now() + *timeout), None),
            Self::WhileServed(is_served) => (None, Some(is_served)),
        };
        Patient {
            stream,
            deadline,
            is_over: false,
            is_served,
        }
    }
}

impl<S> Patient<'_, S> {
    /// Reads or writes some bytes; the last of them, where so many are all that are to be written.
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
            // The reply that is there already is read, however long ago the thread ran last.
            if last.is_some_and(|last| matches!(result, Ok(written) if written == last)) {
                return result;
            }
            let deadline = self.deadline;
            self.is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            // What was read is a reply that may have come in time, to a thread that was not run in time.
            if self.is_over && result.is_err() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if took_too_long(&error) => {
                    let is_served = self.is_served.as_mut().is_some_and(|is_served| is_served());
                    if !is_served {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                result => return result,
            }
        }
    }
}

impl<S: Read> Read for Patient<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_done(None, |stream| stream.read(buffer))
    }
}

impl<S: Write> Write for Patient<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(Some(bytes.len()), |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// What that is called differs by platform.
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

    use super::{Patience, Patient};

    /// Interrupted before each byte; without an end where `text` has none.
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
    ) -> Patient<'static, Interrupted<I>> {
        Patient {
            stream: Interrupted { text, now: false },
            deadline: Some(Instant::now() + bound),
            is_over: false,
            is_served: None,
        }
    }

    #[test]
    fn a_reply_survives_interruptions() {
        let mut stream = reading(b"$5\r\nhello\r\n".iter().copied(), Duration::from_secs(60));
        let reply = Parser::new().parse_value(&mut stream).unwrap();
        assert_eq!(reply, Value::BulkString(b"hello".to_vec()));
    }

    /// Takes a request, and keeps whoever sends it until the reply is there.
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
        let mut patience = Patience::Bounded(Duration::from_millis(1));
        let mut stream = patience.begin(Late(io::Cursor::new(b"+hello\r\n")));
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
        let mut patience = Patience::Bounded(20 * pause);
        let mut stream = patience.begin(Reluctant(pause));
        let error = stream.write_all(&[0; 100_000]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
