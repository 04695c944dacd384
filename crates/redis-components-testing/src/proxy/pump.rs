//! One direction of one connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

use super::flow::Flow;
use super::manner::{Direction, Manner};
use super::requests::Requests;

/// Passes bytes on until one side closes or the proxy cuts.
#[derive(Debug)]
pub(super) struct Pump {
    direction: Direction,
    /// The number of the connection.
    number: u64,
    from: Arc<TcpStream>,
    to: Arc<TcpStream>,
    /// How many bytes have passed since a change of the manner, and the number of that change.
    passed: (usize, u64),
    /// What has passed, if these are requests.
    requests: Requests,
}

impl Pump {
    pub(super) fn new(
        direction: Direction,
        number: u64,
        from: Arc<TcpStream>,
        to: Arc<TcpStream>,
    ) -> Self {
        Self {
            direction,
            number,
            from,
            to,
            passed: (0, 0),
            requests: Requests::default(),
        }
    }

    pub(super) fn run(mut self, flow: &Flow) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = (&*self.from).read(&mut buffer) {
            if !self.pass(flow, &buffer[..read]).unwrap_or(false) {
                break;
            }
        }
        for stream in [&self.from, &self.to] {
            // An error means that the stream is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Passes the bytes on. Returns `true` if the pump goes on.
    fn pass(&mut self, flow: &Flow, bytes: &[u8]) -> io::Result<bool> {
        let Some((manner, change)) = flow.manner(self.number) else {
            return Ok(false);
        };
        let command = match manner {
            Manner::HangUpOn(command) => Some(command),
            _ => None,
        };
        // Read whatever the manner is: a later one may begin in mid-request.
        if self.direction == Direction::Requests
            && self.requests.find(bytes, command.unwrap_or_default())
            && command.is_some()
        {
            return Ok(false);
        }
        let mut to = &*self.to;
        match manner {
            Manner::Delay(delay) => {
                thread::sleep(delay);
                to.write_all(bytes)?;
            }
            Manner::Trickle => {
                for byte in bytes {
                    to.write_all(&[*byte])?;
                }
            }
            Manner::CutAfter(limit) if self.direction == Direction::Replies => {
                if self.passed.1 != change {
                    self.passed = (0, change);
                }
                let left = limit - self.passed.0;
                let passing = bytes.len().min(left);
                to.write_all(&bytes[..passing])?;
                self.passed.0 += passing;
                return Ok(self.passed.0 < limit);
            }
            Manner::HoldOn(text)
                if self.direction == Direction::Requests && contains(bytes, text.as_bytes()) =>
            {
                if !flow.wait_for_change(change) {
                    return Ok(false);
                }
                to.write_all(bytes)?;
            }
            Manner::Mute(text)
                if self.direction == Direction::Replies && contains(bytes, text.as_bytes()) => {}
            Manner::Pass
            | Manner::Hold
            | Manner::HoldOne(_)
            | Manner::CutAfter(_)
            | Manner::HangUpOn(_)
            | Manner::HoldOn(_)
            | Manner::Mute(_) => {
                to.write_all(bytes)?;
            }
        }
        Ok(true)
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|found| found == text)
}
