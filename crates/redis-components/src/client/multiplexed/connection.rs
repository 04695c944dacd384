//! One connection that many calls share.

use std::fmt;
use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisResult, Value};
use tokio::runtime::Handle;

use super::driver::Driver;
use super::in_flight::InFlightGuard;
use super::socket::Socket;
use crate::client::health::{Answer, Verdict};
use crate::settings::timeouts::Timeouts;
use crate::transport::asynchronous::{Opened, open, open_shared, ping};
use crate::transport::error_codes::is_passing;
use crate::transport::failure::Failure;
use crate::transport::multiplexer::connection::Multiplexer;
use crate::transport::node::Node;

/// The number of unanswered probes in a row after which a server is given up, if no call has found
/// it silent.
const TRIES: u32 = 2;

/// A connection that many calls share, and its condition.
pub(crate) struct SharedConnection<C = Multiplexer> {
    connection: C,
    socket: Arc<Socket>,
}

/// A connection that is lent: its users do not keep its client, and this crate does not see the
/// answers to them.
pub(crate) type LentConnection = SharedConnection<MultiplexedConnection>;

/// The users for which a server is probed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Users {
    /// Answers to them are noted.
    Seen,
    /// Answers to them go to a type of redis-rs.
    Unseen,
}

/// A request in flight. If it is dropped before it ends, the server may be the reason.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    connection: &'a SharedConnection,
    is_ended: bool,
    _in_flight: InFlightGuard<'a>,
}

impl SharedConnection {
    /// Connects, logs in and probes on the current runtime, which then drives the connection.
    pub(super) async fn open(node: &Node, timeouts: Timeouts) -> Result<Self, Failure> {
        open_shared(node, timeouts).await.map(Self::drive)
    }

    pub(super) fn connection(&self) -> &Multiplexer {
        &self.connection
    }

    /// Returns `true` if many requests are in flight.
    pub(super) fn is_busy(&self) -> bool {
        self.socket.in_flight.are_many()
    }

    /// Notes that a request begins.
    pub(crate) fn begin(&self) -> Request<'_> {
        if self.socket.health.was_idle() {
            // A device between may have dropped the connection silently. Its first user finds that
            // out, and no other.
            self.probe(1, Users::Seen);
        }
        Request {
            connection: self,
            is_ended: false,
            _in_flight: self.socket.in_flight.begin(),
        }
    }

    /// Notes how a request ended, which shows if the server is up and serves.
    fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.socket.health.note(result) {
            Verdict::Well => {}
            Verdict::Replace => self.socket.health.close(),
            Verdict::Doubtful => self.probe(1, Users::Seen),
        }
    }

    pub(super) fn set_may_be_replica(&self, may_be: bool) {
        self.socket.health.set_may_be_replica(may_be);
    }
}

impl LentConnection {
    /// Connects, logs in and probes on the current runtime, which then drives the connection.
    pub(super) async fn open_lent(node: &Node, timeouts: Timeouts) -> Result<Self, Failure> {
        let settings = AsyncConnectionConfig::new();
        let opened = open(node, ProtocolVersion::RESP2, timeouts, settings);
        opened.await.map(Self::drive)
    }

    /// Returns a handle to the connection. The last of these handles ends the connection.
    pub(super) async fn lend(&self) -> MultiplexedConnection {
        self.socket.lend();
        self.watch_unseen().await;
        self.connection.clone()
    }
}

impl<C: ConnectionLike + Clone + Send + 'static> SharedConnection<C> {
    fn drive(opened: Opened<C>) -> Self {
        let Opened {
            connection,
            driver,
            socket,
        } = opened;
        let socket = Arc::new(Socket::new(socket));
        Handle::current().spawn(Driver::new(driver, Arc::clone(&socket)));
        Self { connection, socket }
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Returns `true` if this process made the connection, and not an earlier process from which it
    /// was forked.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.socket.is_of_this_process()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.socket.health.is_closed()
    }

    /// Watches the server for a user whose answers this crate does not see: learns the server's
    /// role, and then probes it in the background, once in a while.
    pub(super) async fn watch_unseen(&self) {
        if self.socket.role.is_unknown() {
            note_demotion(&mut self.connection.clone(), &self.socket).await;
        }
        self.probe_if_unheard();
    }

    /// Probes the server in the background, if a probe is due.
    fn probe_if_unheard(&self) {
        if self.socket.health.is_probe_due() {
            self.probe_now();
        }
    }

    /// Gives the connection to no further call. The next one looks where the component is.
    pub(super) fn leave(&self) {
        self.socket.health.close();
    }

    /// Probes the server in the background, on behalf of a user of another connection.
    pub(super) fn probe_now(&self) {
        self.probe(TRIES, Users::Unseen);
    }

    /// Probes the server in the background, at most `tries` times. Calls in flight are left alone.
    fn probe(&self, tries: u32, users: Users) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut connection = self.connection.clone();
        let socket = Arc::clone(&self.socket);
        runtime.spawn(async move {
            for _ in 0..tries {
                match ping(&mut connection).await {
                    Err(failure) if !failure.is_refusal() => {}
                    _ => {
                        socket.health.note_probe_answer();
                        if users == Users::Unseen {
                            note_demotion(&mut connection, &socket).await;
                        }
                        return;
                    }
                }
            }
            socket.health.lose();
        });
    }
}

/// Gives up a server that was demoted. Answers to PING do not show a demotion.
async fn note_demotion(connection: &mut impl ConnectionLike, socket: &Socket) {
    let answer: RedisResult<Value> = redis::cmd("ROLE").query_async(connection).await;
    let answer = match answer {
        // The next caller asks again: there is no answer, or a script keeps the server busy.
        Err(error) if error.is_io_error() || is_passing(&error) => return,
        answer => answer.unwrap_or(Value::Nil),
    };
    if socket.role.was_demoted(&answer) {
        socket.health.close();
    }
}

impl Request<'_> {
    /// Notes how the request ended.
    pub(crate) fn end<T: Answer>(mut self, result: &RedisResult<T>) {
        self.is_ended = true;
        self.connection.note(result);
    }
}

/// A caller that gives up before the response timeout would never find out that the server is
/// frozen.
impl Drop for Request<'_> {
    fn drop(&mut self) {
        if !self.is_ended {
            self.connection.probe_if_unheard();
        }
    }
}

impl<C> fmt::Debug for SharedConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConnection")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
