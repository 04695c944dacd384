//! A connection with its own thread.

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use redis::{Client, Cmd, ErrorKind, RedisError, RedisResult, Value};

/// Long enough for a command, and short enough for a test that waits for a frozen server by
/// mistake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends commands on one connection, and waits for each answer for a bounded time.
///
/// The socket has no timeout: with a timeout, a read fails when the thread gets a signal, for
/// example the Ctrl-C that a program is about to handle. Without a timeout, the read goes on. So
/// another thread waits for the answer, with a timeout.
pub(crate) struct Worker {
    requests: Sender<Request>,
}

struct Request {
    command: Cmd,
    answer: Sender<RedisResult<Value>>,
}

impl Worker {
    pub(crate) fn connect(client: &Client) -> RedisResult<Self> {
        let mut connection = client.get_connection_with_timeout(TIMEOUT)?;
        let (requests, received) = mpsc::channel::<Request>();
        // Ends when the worker is dropped. If it is waiting for an answer then, it ends when the
        // server does.
        thread::spawn(move || {
            for request in received {
                // After a timeout, the caller waits no more.
                let _ = request.answer.send(request.command.query(&mut connection));
            }
        });
        Ok(Self { requests })
    }

    pub(crate) fn query(&self, command: Cmd) -> RedisResult<Value> {
        let (answer, received) = mpsc::channel();
        let failed = |what| RedisError::from((ErrorKind::Io, what));
        self.requests
            .send(Request { command, answer })
            .map_err(|_| failed("the connection's thread has ended"))?;
        received
            .recv_timeout(TIMEOUT)
            .unwrap_or_else(|_| Err(failed("there was no answer within five seconds")))
    }
}
