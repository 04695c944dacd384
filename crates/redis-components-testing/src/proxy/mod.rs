//! Network faults between a client and a healthy server.

mod acceptor;
mod flow;
mod manner;
mod pump;
mod requests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::acceptor::Acceptor;
use self::flow::Flow;
use self::manner::Manner;
use crate::reserved::Reserved;
use crate::server::Server;

/// A TCP proxy in front of a server. Its manner can change while connections are open.
///
/// The idea comes from `TcpGate` in userver's testsuite. A new proxy passes everything on:
///
/// ```
/// use redis_components_testing::{Proxy, Server};
///
/// let server = Server::start();
/// let proxy = Proxy::to(&server);
/// let client = redis::Client::open(proxy.url()).unwrap();
/// let mut connection = client.get_connection().unwrap();
///
/// proxy.cut();
/// assert!(redis::cmd("PING").exec(&mut connection).is_err());
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    flow: Arc<Flow>,
    acceptor: Mutex<Option<Acceptor>>,
    /// The port is nobody else's, also while the proxy refuses.
    _reserved: Reserved,
}

impl Proxy {
    /// Starts a proxy to the server on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Panics if the proxy cannot listen.
    #[must_use]
    pub fn to(server: &Server) -> Self {
        let flow = Arc::new(Flow::to(server.port()));
        let started = Reserved::any().and_then(|reserved| {
            let acceptor = Acceptor::start(reserved.port(), Arc::clone(&flow))?;
            Ok((reserved, acceptor))
        });
        let (reserved, acceptor) =
            started.unwrap_or_else(|error| panic!("no proxy for this test: {error}"));
        Self {
            port: reserved.port(),
            flow,
            acceptor: Mutex::new(Some(acceptor)),
            _reserved: reserved,
        }
    }

    /// Returns the port of 127.0.0.1 that the proxy listens on; it never changes.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the proxy's address as `redis://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the proxy's address as a component config.
    #[must_use]
    pub fn config(&self) -> String {
        format!(r#"{{"host":"127.0.0.1","port":{}}}"#, self.port)
    }

    /// Returns how many connections the proxy has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.flow.accepted()
    }

    /// Passes everything on, and first what was held.
    ///
    /// # Panics
    ///
    /// Panics if the proxy [refused](Self::refuse) and another process has taken its port.
    pub fn pass(&self) {
        self.behave(Manner::Pass);
    }

    /// Becomes a black hole: accepts connections and bytes, and passes nothing on in either
    /// direction.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn hold(&self) {
        self.behave(Manner::Hold);
    }

    /// Becomes a black hole for one connection: the one that was accepted as the `number`th, from 1
    /// on. All others pass.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn hold_one(&self, number: u64) {
        self.behave(Manner::HoldOne(number));
    }

    /// Passes everything on, each piece `delay` later.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn delay(&self, delay: Duration) {
        self.behave(Manner::Delay(delay));
    }

    /// Passes everything on in segments of one byte.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn trickle(&self) {
        self.behave(Manner::Trickle);
    }

    /// Closes all open connections. The proxy accepts new ones.
    pub fn cut(&self) {
        self.flow.cut();
    }

    /// Closes each connection, open or new, after `bytes` more bytes of replies have passed on it.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn cut_after(&self, bytes: usize) {
        self.behave(Manner::CutAfter(bytes));
    }

    /// Closes each connection, open or new, on which a request comes whose first word is `command`,
    /// as proxies do that do not know a command. The piece of the stream that the word is in does
    /// not reach the server.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn hang_up_on(&self, command: &'static str) {
        self.behave(Manner::HangUpOn(command));
    }

    /// Holds each connection, open or new, on which a piece of the requests comes that `text` is in: that
    /// piece and what comes after it reach the server after [`pass`](Self::pass), even if the client is gone
    /// by then.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn hold_on(&self, text: &'static str) {
        self.behave(Manner::HoldOn(text));
    }

    /// Returns `true` if a request with the text of [`hold_on`](Self::hold_on) is held.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.flow.is_waited_for()
    }

    /// Drops each piece of the replies that `text` is in, for example the events of a sentinel by
    /// their channel `+switch-master`. All else passes, and connections stay open.
    ///
    /// # Panics
    ///
    /// Panics as [`pass`](Self::pass) does.
    pub fn mute(&self, text: &'static str) {
        self.behave(Manner::Mute(text));
    }

    /// Stops accepting: new connections are refused. Open connections stay open.
    pub fn refuse(&self) {
        self.acceptor().take();
    }

    fn behave(&self, manner: Manner) {
        self.flow.behave(manner);
        let mut acceptor = self.acceptor();
        if acceptor.is_none() {
            let started = Acceptor::start(self.port, Arc::clone(&self.flow));
            let port = self.port;
            *acceptor = Some(started.unwrap_or_else(|error| {
                panic!("the proxy cannot listen on port {port} again: {error}")
            }));
        }
    }

    fn acceptor(&self) -> MutexGuard<'_, Option<Acceptor>> {
        self.acceptor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse();
        self.flow.close();
    }
}
