//! A blocking connection whose every request ends in bounded time and survives signals.
//!
//! `redis::Connection` has neither: its time-out is one of each read, so that a server that sends a byte now and then holds
//! a call for ever, and a signal handled on the calling thread ends the read that it interrupts, with the reply lost. The
//! protocol's encoder and parser are redis-rs's.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use redis::{ErrorKind, Parser, RedisResult, ServerErrorKind, Value};

use super::Timeouts;
use super::session::Session;
use crate::ComponentConfig;

/// How often a server is asked whether it is there, while a call waits without a time-out.
const ASKED_EVERY: Duration = Duration::from_secs(5);

/// One connection, logged in. After an error of the transport it is of no use any more.
pub(crate) struct Wire {
    stream: TcpStream,
    parser: Parser,
    session: Session,
    patience: Patience,
    db: i64,
}

/// How long a reply is waited for.
enum Patience {
    /// So long.
    Bounded(Duration),
    /// For as long as this says, asked now and then, that the server is there.
    WhileServed(Box<dyn FnMut() -> bool + Send>),
}

impl Wire {
    /// Connects, logs in and probes.
    pub(super) fn open(config: &ComponentConfig, timeouts: Timeouts) -> RedisResult<Self> {
        let stream = connect(config, timeouts.connect)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeouts.response))?;
        stream.set_write_timeout(Some(timeouts.response))?;
        let settings = config.redis_settings();
        let mut wire = Self {
            stream,
            parser: Parser::new(),
            session: Session::default(),
            patience: Patience::Bounded(timeouts.response),
            db: settings.db(),
        };
        if let Some(password) = settings.password() {
            let mut login = redis::cmd("AUTH");
            if let Some(username) = settings.username() {
                login.arg(username);
            }
            wire.ask(login.arg(password))?;
        }
        if settings.db() != 0 {
            wire.ask(redis::cmd("SELECT").arg(settings.db()))?;
        }
        wire.ping()?;
        wire.session = Session::default();
        Ok(wire)
    }

    /// Sends encoded commands and reads as many replies; errors of the server are among them.
    pub(crate) fn request(&mut self, packed: &[u8], replies: usize) -> RedisResult<Vec<Value>> {
        self.send(packed)?;
        let (deadline, is_served): (_, Option<&mut dyn FnMut() -> bool>) = match &mut self.patience
        {
            Patience::Bounded(timeout) => (Some(Instant::now() + *timeout), None),
            Patience::WhileServed(is_served) => (None, Some(is_served)),
        };
        let mut until = Until {
            stream: &self.stream,
            deadline,
            is_over: false,
            is_served,
        };
        (0..replies)
            .map(|_| self.parser.parse_value(&mut until))
            .collect()
    }

    /// Sends encoded commands to which no reply is awaited. Whether one comes all the same is not known, so that the
    /// connection can serve nobody else.
    pub(crate) fn send_only(&mut self, packed: &[u8]) -> RedisResult<()> {
        self.session.spoil();
        self.send(packed)
    }

    /// Waits for replies, from now on, for as long as `is_served` says that the server is there.
    pub(super) fn wait_while(
        &mut self,
        is_served: impl FnMut() -> bool + Send + 'static,
    ) -> RedisResult<()> {
        self.stream.set_read_timeout(Some(ASKED_EVERY))?;
        self.patience = Patience::WhileServed(Box::new(is_served));
        Ok(())
    }

    /// Asks the server whether it is there.
    pub(super) fn ping(&mut self) -> RedisResult<()> {
        match self.ask(&redis::cmd("PING")) {
            // A user who may not PING has logged in all the same.
            Err(error) if error.kind() == ServerErrorKind::NoPerm.into() => Ok(()),
            result => result,
        }
    }

    /// Whether the next user finds the connection as the first one did.
    pub(super) fn is_clean(&self) -> bool {
        self.session.is_clean()
    }

    pub(crate) fn db(&self) -> i64 {
        self.db
    }

    fn send(&mut self, packed: &[u8]) -> RedisResult<()> {
        if packed.is_empty() {
            return Err((ErrorKind::Client, "empty command").into());
        }
        self.session.note(packed);
        Ok(self.stream.write_all(packed)?)
    }

    fn ask(&mut self, command: &redis::Cmd) -> RedisResult<()> {
        for reply in self.request(&command.get_packed_command(), 1)? {
            reply.extract_error()?;
        }
        Ok(())
    }
}

/// Tries each address of the name until one answers, all within the time-out.
fn connect(config: &ComponentConfig, bound: Duration) -> io::Result<TcpStream> {
    let deadline = Instant::now() + bound;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (config.host(), config.port_number()).to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Reads until a deadline, or while the server is there, whatever interrupts it. A single read is bounded by the stream's own
/// time-out, so that at most one of these comes on top.
struct Until<'a, R> {
    stream: R,
    deadline: Option<Instant>,
    /// Whether the deadline was over when the last read ended.
    is_over: bool,
    is_served: Option<&'a mut dyn FnMut() -> bool>,
}

impl<R: Read> Read for Until<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_over {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let result = self.stream.read(buffer);
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

/// What that is called differs by platform.
fn took_too_long(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::time::{Duration, Instant};

    use redis::{Parser, Value};

    use super::Until;

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

    fn reading<I: Iterator<Item = u8>>(text: I, bound: Duration) -> Until<'static, Interrupted<I>> {
        Until {
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

    #[test]
    fn a_reply_that_is_there_is_read_by_a_thread_that_was_not_run_in_time() {
        let mut stream = Until {
            stream: &b"+hello\r\n"[..],
            deadline: Some(Instant::now()),
            is_over: false,
            is_served: None,
        };
        let reply = Parser::new().parse_value(&mut stream).unwrap();
        assert_eq!(reply, Value::SimpleString("hello".to_owned()));
    }

    #[test]
    fn a_reply_without_an_end_ends_at_the_deadline() {
        let mut stream = reading(std::iter::repeat(b'+'), Duration::from_millis(20));
        let error = Parser::new().parse_value(&mut stream).unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }
}
