//! What two round trips in a row allow: two bare sockets, without any client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{ConnectionAddr, IntoConnectionInfo};

use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::servers::Urls;
use crate::subject::{Slice, Subject};

/// Reads the config and then makes the call, again and again, both packed once.
pub(super) struct TwoSockets(Mutex<[Socket; 2]>);

struct Socket {
    stream: TcpStream,
    packed: Vec<u8>,
    /// How many lines the answer has.
    lines: usize,
}

impl TwoSockets {
    pub(super) fn connect(urls: &Urls, component: &str) -> Result<Self, Failure> {
        let read = redis::cmd("GET")
            .arg(format!("config:redis:{component}"))
            .get_packed_command();
        let key = format!("recent:{APP}:info");
        let mut call = redis::pipe();
        call.lpush(&key, MESSAGE).ltrim(&key, 0, 99);
        Ok(Self(Mutex::new([
            Socket::connect(&urls.config, read)?,
            Socket::connect(&urls.data[0], call.get_packed_pipeline())?,
        ])))
    }
}

impl Socket {
    /// Both answers have two lines: the length and the text of the config, or two numbers.
    fn connect(url: &str, packed: Vec<u8>) -> Result<Self, Failure> {
        let info = url.into_connection_info()?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err("the server has no TCP address".into());
        };
        let stream = TcpStream::connect((host.as_str(), *port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            packed,
            lines: 2,
        })
    }

    fn ask(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&self.packed)?;
        let mut reply = [0; 1024];
        let mut lines = 0;
        while lines < self.lines {
            let length = self.stream.read(&mut reply)?;
            if length == 0 || reply[0] == b'-' {
                return Err(
                    "the server has closed the connection or answered with an error".into(),
                );
            }
            lines += reply[..length]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
        }
        Ok(())
    }
}

impl Subject for TwoSockets {
    /// The number of tasks does not count.
    fn slice(&self, _: usize, time: Duration) -> Result<Slice, Failure> {
        let mut sockets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        let mut operations = 0;
        while begun.elapsed() < time {
            for socket in &mut *sockets {
                socket.ask()?;
            }
            operations += 1;
        }
        Ok(Slice::new(operations, begun.elapsed()))
    }
}
