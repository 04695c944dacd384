//! A blocking connection whose every request ends in bounded time and survives signals.
//!
//! `redis::Connection` has neither: its time-out is one of each read, so that a server that sends a byte now and then holds
//! a call for ever, and a signal handled on the calling thread ends the read that it interrupts, with the reply lost. The
//! protocol's encoder and parser are redis-rs's.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use redis::{ErrorKind, Parser, RedisResult, ServerErrorKind, Value};

use super::Timeouts;
use super::patience::Patience;
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
    since: Instant,
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
            since: Instant::now(),
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
        if packed.is_empty() {
            return Err((ErrorKind::Client, "empty command").into());
        }
        self.session.note(packed);
        let mut stream = self.patience.begin(&self.stream);
        stream.write_all(packed)?;
        (0..replies)
            .map(|_| self.parser.parse_value(&mut stream))
            .collect()
    }

    /// Sends encoded commands to which no reply is awaited. Whether one comes all the same is not known, so that the
    /// connection can serve nobody else.
    pub(crate) fn send_only(&mut self, packed: &[u8]) -> RedisResult<()> {
        self.session.spoil();
        self.request(packed, 0).map(drop)
    }

    /// Waits, from now on, for as long as `is_served` says that the server is there.
    pub(super) fn wait_while(
        &mut self,
        is_served: impl FnMut() -> bool + Send + 'static,
    ) -> RedisResult<()> {
        self.stream.set_read_timeout(Some(ASKED_EVERY))?;
        self.stream.set_write_timeout(Some(ASKED_EVERY))?;
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

    /// Time since it was opened.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
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
