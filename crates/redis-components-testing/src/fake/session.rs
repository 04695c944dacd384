//! One connection to a fake server.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::fault::Fault;
use super::reply::Reply;
use super::request;
use super::state::{self, State};

/// What a connection is about to do.
#[derive(Debug, Default)]
pub(super) struct Session {
    is_resp3: bool,
    is_asked: bool,
    /// The commands of a transaction, and whether one of them was refused.
    transaction: Option<(Vec<Vec<String>>, bool)>,
}

impl Session {
    /// Answers requests until the connection ends or a fault ends it.
    pub(super) fn run(mut self, stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(command) = request::read(&mut reader)? {
            let fault = lock(state).receive(&command, self.is_asked);
            let reply = match fault {
                None => self.execute(&command, state),
                Some(Fault::Refuse(error) | Fault::RefuseUnlessAsked(error)) => {
                    self.refuse(&command);
                    Reply::Error(error)
                }
                Some(Fault::Answer(bytes)) => Reply::Raw(bytes),
                Some(Fault::Delay(delay)) => {
                    let reply = self.execute(&command, state);
                    thread::sleep(delay);
                    reply
                }
                Some(Fault::Close) => return Ok(()),
                Some(Fault::ExecuteAndClose) => {
                    self.execute(&command, state);
                    return Ok(());
                }
                Some(Fault::ExecuteAndStall) => {
                    self.execute(&command, state);
                    // Until the client or the server closes the connection.
                    return io::copy(&mut reader, &mut io::sink()).map(drop);
                }
            };
            let mut stream = stream;
            stream.write_all(&reply.encode(self.is_resp3))?;
            // ASKING is for one command, or for one transaction.
            let is_over = self.transaction.is_none() && state::name(&command) != "ASKING";
            self.is_asked &= !is_over;
        }
        Ok(())
    }

    /// Executes a command, or queues it in a transaction.
    fn execute(&mut self, command: &[String], state: &Mutex<State>) -> Reply {
        match (state::name(command).as_str(), &mut self.transaction) {
            ("MULTI", None) => {
                self.transaction = Some((Vec::new(), false));
                Reply::Simple("OK")
            }
            ("EXEC" | "DISCARD", None) => Reply::Error("ERR without MULTI".to_owned()),
            ("DISCARD", _) => {
                self.transaction = None;
                Reply::Simple("OK")
            }
            ("EXEC", transaction) => match transaction.take() {
                Some((commands, false)) => {
                    // Nobody sees half of a transaction.
                    let mut state = lock(state);
                    *state.executed.entry("EXEC".to_owned()).or_default() += 1;
                    let replies = commands.iter().map(|command| state.execute(command));
                    Reply::Array(replies.collect())
                }
                _ => Reply::Error(
                    "EXECABORT Transaction discarded because of previous errors.".to_owned(),
                ),
            },
            (_, Some((commands, _))) => {
                commands.push(command.to_owned());
                Reply::Simple("QUEUED")
            }
            ("ASKING", None) => {
                self.is_asked = true;
                Reply::Simple("OK")
            }
            ("HELLO", None) => {
                self.is_resp3 = match command.get(1) {
                    Some(version) => version == "3",
                    None => self.is_resp3,
                };
                let version = if self.is_resp3 { 3 } else { 2 };
                Reply::Map(vec![
                    ("server", Reply::bulk("redis")),
                    ("version", Reply::bulk("7.0.0")),
                    ("proto", Reply::Integer(version)),
                    ("id", Reply::Integer(1)),
                    ("mode", Reply::bulk("cluster")),
                    ("role", Reply::bulk("master")),
                    ("modules", Reply::Array(Vec::new())),
                ])
            }
            (_, None) => lock(state).execute(command),
        }
    }

    /// Spoils a transaction that a refused command belongs to; a refused EXEC ends it.
    fn refuse(&mut self, command: &[String]) {
        if state::name(command) == "EXEC" {
            self.transaction = None;
        }
        if let Some((_, is_spoilt)) = &mut self.transaction {
            *is_spoilt = true;
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
