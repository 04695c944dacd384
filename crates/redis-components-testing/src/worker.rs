//! A connection with a thread of its own.

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use redis::{Client, Cmd, ErrorKind, RedisError, RedisResult, Value};

/// Long for a command, short for a test that waits for a frozen server by mistake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends commands on one connection, and waits for their answers for a bounded time.
///
/// Not by a time-out on the socket: a read that has one fails when the thread gets a signal, such as the Ctrl-C that a
/// program is just about to handle. One that has none goes on. So the waiting is done outside the thread that reads.
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
        // Ends when the worker is dropped, or, where it waits for an answer then, when the server goes.
        thread::spawn(move || {
            for request in received {
                // Nobody waits any more where it took too long.
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
