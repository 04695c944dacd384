//! The fake server as tests see it.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::fault::{Fault, Rule};
use super::session::Session;
use super::state::State;

/// A server that executes a few commands, counts them, and fails as it is told to. It finds out
/// what a client sends twice.
///
/// It knows `INCR`, `GET`, `SET`, `DEL`, `ECHO`, transactions, `ASKING`, `ROLE`, what clients log in
/// with, and `CLUSTER SLOTS` and `SHARDS`, by which it is the only node of a cluster. It keeps no
/// promise that it is not told to keep: it redirects nobody by itself.
///
/// ```
/// use redis_components_testing::{FakeServer, Fault};
///
/// let fake = FakeServer::start();
/// fake.once("INCR", Fault::ExecuteAndClose);
/// let client = redis::Client::open(fake.url()).unwrap();
/// let mut connection = client.get_connection().unwrap();
/// assert!(redis::cmd("INCR").arg("key").exec(&mut connection).is_err());
/// assert_eq!(fake.executions("INCR"), 1);
/// assert_eq!(fake.value("key").as_deref(), Some("1"));
/// ```
#[derive(Debug)]
pub struct FakeServer {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    streams: Mutex<Vec<Arc<TcpStream>>>,
    accepted: AtomicU64,
    has_ended: AtomicBool,
}

impl FakeServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Panics if it cannot listen.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("no fake server for this test: {error}"))
    }

    /// Starts servers that are the nodes of one cluster. The slots are spread evenly.
    ///
    /// # Panics
    ///
    /// Panics as [`start`](Self::start) does.
    #[must_use]
    pub fn cluster(count: u16) -> Vec<Self> {
        let nodes: Vec<Self> = (0..count).map(|_| Self::start()).collect();
        let slots = |at: usize| u16::try_from(at * 16384 / nodes.len()).unwrap_or(u16::MAX);
        let topology: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (slots(at)..=slots(at + 1) - 1, node.port))
            .collect();
        for node in &nodes {
            node.set_topology(&topology);
        }
        nodes
    }

    fn try_start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("fake-accept".into())
            .spawn(move || accepting.accept(&listener))?;
        let server = Self {
            port,
            shared,
            thread: Some(thread),
        };
        server.set_topology(&[(0..=16383, port)]);
        Ok(server)
    }

    /// Returns the port of 127.0.0.1 that the server listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the server's address as `redis://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the server's address as a component config, `{"host":"127.0.0.1","port":<port>}`.
    #[must_use]
    pub fn config(&self) -> String {
        format!(r#"{{"host":"127.0.0.1","port":{}}}"#, self.port)
    }

    /// Returns a component config of a cluster that has this server as its seed.
    #[must_use]
    pub fn cluster_config(&self) -> String {
        format!(r#"{{"cluster":["127.0.0.1:{}"]}}"#, self.port)
    }

    /// Sets which port of 127.0.0.1 serves which slots, as `CLUSTER SLOTS` and `SHARDS` say.
    pub fn set_topology(&self, topology: &[(RangeInclusive<u16>, u16)]) {
        self.state().topology = topology.to_vec();
    }

    /// Says that the server is a replica, or a primary, to those who ask for its role.
    pub fn set_replica(&self, is_replica: bool) {
        self.state().is_replica = is_replica;
    }

    /// Fails once at the next command that begins with these words: `INCR`, `INCR key`, `CLUSTER
    /// SLOTS`, `EXEC`. Faults that were set earlier come first.
    pub fn once(&self, command: &str, fault: Fault) {
        self.state().rules.push(Rule::new(command, fault, true));
    }

    /// Fails at each command that begins with these words, until [`heal`](Self::heal).
    pub fn always(&self, command: &str, fault: Fault) {
        self.state().rules.push(Rule::new(command, fault, false));
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.state().rules.clear();
    }

    /// Returns how often a command was executed, with `EXEC` too.
    #[must_use]
    pub fn executions(&self, command: &str) -> u64 {
        let name = command.to_uppercase();
        self.state().executed.get(&name).copied().unwrap_or(0)
    }

    /// Returns how often a command came, executed or not.
    #[must_use]
    pub fn received(&self, command: &str) -> u64 {
        let name = command.to_uppercase();
        self.state().received.get(&name).copied().unwrap_or(0)
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        self.state().keys.get(key).cloned()
    }

    /// Returns how many connections the server has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Closes all open connections. The server accepts new ones.
    pub fn cut(&self) {
        self.shared.cut();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = &self.shared.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection. An error means that another connection
        // has woken it.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            // An error means that the thread has panicked, and so has ended.
            let _ = thread.join();
        }
        self.shared.cut();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.has_ended.load(Ordering::SeqCst) {
                return;
            }
            if let Ok(stream) = stream {
                self.accepted.fetch_add(1, Ordering::SeqCst);
                // The client sees an error as the end of its connection.
                let _ = self.serve(stream);
            }
        }
    }

    fn serve(self: &Arc<Self>, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        {
            let mut streams = self.streams();
            streams.retain(|open| Arc::strong_count(open) > 1);
            streams.push(Arc::clone(&stream));
        }
        let shared = Arc::clone(self);
        let serve = move || {
            // An error means that the client has gone, or does not speak RESP: closed too.
            let _ = Session::default().run(&stream, &shared.state);
            let _ = stream.shutdown(Shutdown::Both);
        };
        thread::Builder::new()
            .name("fake-session".into())
            .spawn(serve)
            .map(drop)
    }

    fn cut(&self) {
        for stream in std::mem::take(&mut *self.streams()) {
            // An error means that the stream is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Arc<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
