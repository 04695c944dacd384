//! What is not a Redis server, or not a well-behaved one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A server that accepts and then does what `behave` does.
pub(crate) fn impostor(behave: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test's process: the listener cannot be told to.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let behave = behave.clone();
            thread::spawn(move || behave(stream));
        }
    });
    port
}

pub(crate) fn web_server(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 1024]);
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
}

/// Reads and says nothing.
pub(crate) fn tarpit(mut stream: TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

/// Redis in protected mode, to a client that comes from another machine.
pub(crate) fn protected(mut stream: TcpStream) {
    let advice = "If you want to connect from external computers to Redis you may adopt one of \
                  the following solutions. "
        .repeat(9);
    let _ = stream.write_all(
        format!(
            "-DENIED Redis is running in protected mode because protected mode is enabled and no \
             password is set for the default user. {advice}\r\n"
        )
        .as_bytes(),
    );
}

/// A server that ends each connection shortly after it has answered a PING, until it is mended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Impatient {
    accepted: Arc<AtomicU64>,
    mended: Arc<AtomicBool>,
}

impl Impatient {
    pub(crate) fn start() -> (Self, u16) {
        let impatient = Self::default();
        let behaves = impatient.clone();
        (impatient, impostor(move |stream| behaves.serve(stream)))
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn mend(&self) {
        self.mended.store(true, Ordering::Relaxed);
    }

    fn serve(&self, mut stream: TcpStream) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let requests = String::from_utf8_lossy(&buffer[..read]).into_owned();
            agree(&mut stream, &requests);
            if requests.contains("PING") && !self.mended.load(Ordering::Relaxed) {
                // Late enough that the connection has been taken for a good one.
                thread::sleep(Duration::from_millis(5));
                return;
            }
        }
    }
}

/// Does as `behave` does after a handshake in which it says yes to everything.
pub(crate) fn friendly_at_first(behave: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    impostor(move |mut stream| {
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let requests = String::from_utf8_lossy(&buffer[..read]).into_owned();
            agree(&mut stream, &requests);
            if requests.contains("PING") {
                return behave(stream);
            }
        }
    })
}

/// Says yes to each command of a request.
fn agree(stream: &mut TcpStream, requests: &str) {
    let commands = requests.lines().filter(|line| line.starts_with('*'));
    let _ = stream.write_all("+OK\r\n".repeat(commands.count()).as_bytes());
}

/// A proxy that hangs up when it meets a command that it does not know, until it does.
pub(crate) fn ignorant_of(command: &'static str, server: u16) -> (u16, Arc<AtomicBool>) {
    let learned = Arc::new(AtomicBool::new(false));
    let knows = Arc::clone(&learned);
    let port = impostor(move |client| {
        forward(client, server, |request| {
            !request.contains(command) || knows.load(Ordering::Relaxed)
        });
    });
    (port, learned)
}

/// A proxy before a server that is not up yet when the first `connections` are made: it hangs up on
/// them.
pub(crate) fn starting(connections: usize, server: u16) -> u16 {
    let left = Arc::new(AtomicUsize::new(connections));
    impostor(move |mut client| {
        let one_less = |left: usize| left.checked_sub(1);
        let relaxed = Ordering::Relaxed;
        if left.fetch_update(relaxed, relaxed, one_less).is_ok() {
            let _ = client.read(&mut [0; 1024]);
        } else {
            forward(client, server, |_| true);
        }
    })
}

/// Passes requests on, and the replies back, until there is one that is not known.
fn forward(client: TcpStream, server: u16, is_known: impl Fn(&str) -> bool) {
    let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
    let (mut replies, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut replies, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let (mut requests, mut to, mut buffer) = (client, server, [0; 64 * 1024]);
    while let Ok(read @ 1..) = requests.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..read]);
        if !is_known(&text) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// A port that refuses connections. It is taken for as long as the test's process lives, so that
/// nobody listens on it later.
pub(crate) fn refuses() -> u16 {
    let socket = Box::leak(Box::new(
        Socket::new(Domain::IPV4, Type::STREAM, None).unwrap(),
    ));
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    socket.local_addr().unwrap().as_socket().unwrap().port()
}

/// Answers every request with an error that tries to look like a log's line, and to colour it.
pub(crate) fn forger(mut stream: TcpStream) {
    let text = "ERR no\r\n[ERROR] forged\u{1b}[31m red";
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {
        let error = format!("!{}\r\n{text}\r\n", text.len());
        // More than one, because a request may hold several commands.
        let _ = stream.write_all(error.repeat(4).as_bytes());
    }
}

/// A proxy that can forget the connections it has: what is sent over them from then on goes
/// nowhere, and nobody is told.
pub(crate) fn forgetful(server: u16) -> (u16, impl Fn()) {
    let epoch = Arc::new(AtomicU64::new(0));
    let current = Arc::clone(&epoch);
    let port = impostor(move |client| {
        let mine = current.load(Ordering::SeqCst);
        let (mut requests, mut back) = (client.try_clone().unwrap(), client);
        let mut to = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let mut replies = to.try_clone().unwrap();
        thread::spawn(move || std::io::copy(&mut replies, &mut back));
        let mut buffer = [0; 64 * 1024];
        while let Ok(read @ 1..) = requests.read(&mut buffer) {
            let is_known = current.load(Ordering::SeqCst) == mine;
            if is_known && to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    (port, move || {
        epoch.fetch_add(1, Ordering::SeqCst);
    })
}

/// Accepts at a listener that is there already, and passes everything on.
pub(crate) fn forward_all(listener: TcpListener, server: u16) {
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || forward(client, server, |_| true));
        }
    });
}
