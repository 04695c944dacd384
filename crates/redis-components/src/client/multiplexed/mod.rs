//! The client that the asynchronous calls of one tokio runtime share.

pub(crate) mod connection;
mod driver;
mod in_flight;
mod role;
pub(crate) mod socket;

use std::fmt;
#[cfg(feature = "connection-manager")]
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select, try_join_all};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::sync::OnceCell;

use self::connection::{LentConnection, SharedConnection};
use self::socket::{Socket, close_unused};
use crate::background::Background;
use crate::client::patience::until_primary;
use crate::settings::timeouts::Timeouts;
#[cfg(feature = "spans")]
use crate::telemetry::span::sent_to;
use crate::transport::asynchronous::open_shared;
use crate::transport::failure::{Cause, EarlyEnd, Failure};
use crate::transport::node::Node;

/// One or several multiplexed connections, of which each call uses one.
pub(crate) struct Multiplexed {
    node: Arc<Node>,
    timeouts: Timeouts,
    /// Never empty.
    connections: Box<[SharedConnection]>,
    /// As many connections beside these, for functions that take a `MultiplexedConnection`. Each is
    /// opened when it is first lent.
    lent: Box<[OnceCell<LentConnection>]>,
    /// Closes the connections after the last user is gone.
    background: Option<Background>,
    /// Whether a caller was told that the client ended too young.
    is_early_end_taken: AtomicBool,
    /// The manager for functions that take a `ConnectionManager`. It ends with this client.
    #[cfg(feature = "connection-manager")]
    pub(crate) manager: OnceCell<redis::aio::ConnectionManager>,
}

impl Multiplexed {
    /// Connects, logs in and probes on the current runtime, which then drives the connections.
    pub(crate) async fn open(
        node: Arc<Node>,
        connections: usize,
        timeouts: Timeouts,
        background: Option<Background>,
    ) -> Result<Self, Failure> {
        let open_all = || {
            let numbers = 0..connections.max(1);
            try_join_all(numbers.map(|_| SharedConnection::open(&node, timeouts)))
        };
        let connections: Box<[_]> = until_primary(timeouts.connect, open_all).await?.into();
        Ok(Self {
            node,
            timeouts,
            lent: connections.iter().map(|_| OnceCell::new()).collect(),
            connections,
            background,
            is_early_end_taken: AtomicBool::new(false),
            #[cfg(feature = "connection-manager")]
            manager: OnceCell::new(),
        })
    }

    /// Connects, logs in and probes as [`open`](Self::open) does, and closes the connections.
    pub(crate) async fn prove(
        node: &Node,
        connections: usize,
        timeouts: Timeouts,
    ) -> Result<(), Failure> {
        let open_all = || {
            let numbers = 0..connections.max(1);
            try_join_all(numbers.map(|_| open_shared(node, timeouts)))
        };
        until_primary(timeouts.connect, open_all).await.map(drop)
    }

    /// Sets whether the server may refuse writes, because it is still a replica.
    pub(crate) fn set_may_be_replica(&self, may_be: bool) {
        let connections = self.connections.iter();
        connections.for_each(|connection| connection.set_may_be_replica(may_be));
    }

    /// Picks the connection for one call: the first with few requests in flight, so that these go
    /// out together. If all have many, chance decides: a counter would be one more place that all
    /// cores write to.
    pub(crate) fn pick(&self) -> u32 {
        let Ok(several @ 2..) = u32::try_from(self.connections.len()) else {
            return 0;
        };
        let has_few = |number: &u32| {
            let connection = self.connection(*number);
            !connection.is_closed() && !connection.is_busy()
        };
        (0..several)
            .find(has_few)
            .unwrap_or_else(|| self.pick_by_chance(several))
    }

    /// Picks one of several connections that is open, or any if none is.
    fn pick_by_chance(&self, several: u32) -> u32 {
        let first = fastrand::u32(..several);
        (first..several)
            .chain(0..first)
            .find(|number| !self.connection(*number).is_closed())
            .unwrap_or(first)
    }

    /// Returns a connection that is open, or any if none is.
    pub(crate) fn any_open(&self) -> &SharedConnection {
        let mut connections = self.connections.iter();
        let open = connections.find(|connection| !connection.is_closed());
        open.unwrap_or(&self.connections[0])
    }

    /// Returns the connection with that number.
    pub(crate) fn connection(&self, number: u32) -> &SharedConnection {
        &self.connections[number as usize]
    }

    /// Sends a command on the connection with that number.
    pub(crate) async fn send(&self, number: u32, command: &Cmd) -> RedisResult<Value> {
        #[cfg(feature = "spans")]
        sent_to(self.node.address());
        let shared = self.connection(number);
        let request = shared.begin();
        let result = shared.connection().send(command).await;
        request.end(&result);
        result
    }

    /// Sends a command on behalf of another connection to the server. If these connections do not
    /// answer, it goes over a new one: something may have ended them alone.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not answer over a new connection either.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        match self.send(self.pick(), command).await {
            Err(error) if error.is_io_error() => {}
            answer => return Ok(answer?),
        }
        let opened = open_shared(&self.node, self.timeouts).await?;
        let (connection, driver, _ends) = opened.into_shared_parts();
        let answer = match select(pin!(connection.send(command)), driver).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), answer)) => answer.await,
        };
        Ok(answer?)
    }

    /// Sends a pipeline or transaction on the connection with that number.
    pub(crate) async fn send_all(
        &self,
        number: u32,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        #[cfg(feature = "spans")]
        sent_to(self.node.address());
        let shared = self.connection(number);
        let request = shared.begin();
        let connection = shared.connection();
        let result = connection.send_all(pipeline, offset, count).await;
        request.end(&result);
        result
    }

    /// Returns the server, for connections beside these.
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Returns the number of the database that commands go to.
    pub(crate) fn db(&self) -> i64 {
        self.connections[0].connection().db()
    }

    /// Returns the address of the server. A unix socket has none.
    #[cfg(feature = "connection-manager")]
    pub(crate) fn peer(&self) -> Result<Option<SocketAddr>, Failure> {
        self.any_open().socket().peer()
    }

    /// Returns a handle to a connection of redis-rs, for a user that does not hold this client. The
    /// last of these handles ends the connection. Their requests are not counted, so chance picks
    /// the connection.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection cannot be opened.
    pub(crate) async fn lend(&self) -> Result<MultiplexedConnection, Failure> {
        let picked = match self.lent.len() {
            several @ 2.. => fastrand::usize(..several),
            _ => 0,
        };
        let open = || LentConnection::open_lent(&self.node, self.timeouts);
        let lent = self.lent[picked].get_or_try_init(open).await;
        match lent {
            Ok(lent) => Ok(lent.lend().await),
            Err(failure) => {
                self.note_refused(&failure);
                Err(failure)
            }
        }
    }

    fn lent(&self) -> impl Iterator<Item = &LentConnection> {
        self.lent.iter().filter_map(OnceCell::get)
    }

    /// Returns the connections as seen from outside. They may outlast this client if they are lent.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = &Arc<Socket>> {
        let own = self.connections.iter().map(SharedConnection::socket);
        own.chain(self.lent().map(SharedConnection::socket))
    }

    /// Watches the server for a user of another connection, whose answers this crate does not see.
    #[cfg(feature = "connection-manager")]
    pub(crate) async fn watch_unseen(&self) {
        self.any_open().watch_unseen().await;
    }

    /// Notes that a connection beside these could not be opened. A server that is no primary any
    /// more is left, and others are probed.
    pub(crate) fn note_refused(&self, failure: &Failure) {
        if failure.cause == Cause::Replica {
            self.connections[0].leave();
        } else {
            self.probe_now();
        }
    }

    /// Probes the server in the background, on behalf of a user of another connection.
    pub(crate) fn probe_now(&self) {
        self.any_open().probe_now();
    }

    /// Returns `true` if this process made the client, and not an earlier process from which it was
    /// forked.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.connections[0].is_of_this_process()
    }

    /// Returns `true` if calls need another client: the server closed a connection or does not
    /// answer any more, or the client's runtime is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.connections.iter().any(SharedConnection::is_closed)
            || self.lent().any(SharedConnection::is_closed)
    }

    /// Returns `true` if no call can use the client any more: all its connections are closed.
    pub(crate) fn has_ended(&self) -> bool {
        self.connections.iter().all(SharedConnection::is_closed)
    }

    /// Returns how the client ended if it ended too young. Only the first caller is told.
    pub(crate) fn take_early_end(&self) -> Option<EarlyEnd> {
        // The end counts as one failure, no matter how many connections have ended, and when.
        let mut sockets = self.sockets();
        let ended = sockets.any(|socket| socket.health.take_early_end().is_some());
        if !ended || self.is_early_end_taken.swap(true, Ordering::AcqRel) {
            return None;
        }
        let used = self.sockets().any(|socket| socket.health.has_served());
        Some(if used {
            EarlyEnd::Used
        } else {
            EarlyEnd::Unused
        })
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        let Some(background) = &self.background else {
            return;
        };
        for socket in self.sockets().filter(|socket| !socket.is_lent()) {
            background.run(close_unused(Arc::clone(socket)));
        }
    }
}

impl fmt::Debug for Multiplexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiplexed")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
