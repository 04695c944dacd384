//! What the server and one round trip allow: bare sockets, without any client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{ConnectionAddr, IntoConnectionInfo};

use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::subject::{Slice, Subject};

/// So many calls are in one write of a deep pipeline.
const DEEP: u64 = 256;

/// A server answers a call with two lines.
const LINES: u64 = 2;

/// A socket that sends the same calls again and again, packed once.
pub(super) struct Limit {
    socket: Mutex<TcpStream>,
    /// `calls` calls.
    packed: Vec<u8>,
    calls: u64,
    /// How many writes are unanswered.
    ahead: u64,
}

impl Limit {
    /// Sends one call after the other.
    pub(super) fn one(url: &str) -> Result<Self, Failure> {
        Self::connect(url, 1, 1)
    }

    /// Never lets the server wait.
    pub(super) fn deep(url: &str) -> Result<Self, Failure> {
        Self::connect(url, DEEP, 3)
    }

    fn connect(url: &str, calls: u64, ahead: u64) -> Result<Self, Failure> {
        let info = url.into_connection_info()?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err("the server has no TCP address".into());
        };
        let socket = TcpStream::connect((host.as_str(), *port))?;
        socket.set_nodelay(true)?;
        let key = format!("recent:{APP}:info");
        let mut pipeline = redis::pipe();
        for _ in 0..calls {
            pipeline.lpush(&key, MESSAGE).ltrim(&key, 0, 99);
        }
        Ok(Self {
            socket: Mutex::new(socket),
            packed: pipeline.get_packed_pipeline(),
            calls,
            ahead,
        })
    }
}

impl Subject for Limit {
    /// The number of tasks does not count.
    fn slice(&self, _: usize, time: Duration) -> Result<Slice, Failure> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let mut replies = vec![0; 64 * 1024];
        let begun = Instant::now();
        let (mut sent, mut lines) = (0, 0);
        loop {
            let is_over = begun.elapsed() >= time;
            while !is_over && sent * self.calls * LINES < lines + self.ahead * self.calls * LINES {
                socket.write_all(&self.packed)?;
                sent += 1;
            }
            if lines == sent * self.calls * LINES {
                return Ok(Slice::new(sent * self.calls, begun.elapsed()));
            }
            let length = socket.read(&mut replies)?;
            if length == 0 {
                return Err("the server has closed the connection".into());
            }
            let mut ends = 0;
            for byte in &replies[..length] {
                ends += u64::from(*byte == b'\n');
                if *byte == b'-' {
                    return Err("the server has answered with an error".into());
                }
            }
            lines += ends;
        }
    }
}
