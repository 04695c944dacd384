//! Figures that a server has counted.

use std::io;

use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult, Value};

use crate::control::Control;
use crate::server::Server;

impl Server {
    /// Sends one command, for example `["SET", "key", "value"]`, and returns the answer.
    ///
    /// # Panics
    ///
    /// Panics if the server answers with an error, or does not answer.
    #[allow(
        clippy::must_use_candidate,
        reason = "most commands are sent for what they do"
    )]
    pub fn command(&self, command: &[&str]) -> Value {
        self.observe(|control| control.query(command))
    }

    /// Sends one command as [`command`](Self::command) does, and returns an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is stopped, answers with an error or does not answer.
    pub fn try_command(&self, command: &[&str]) -> RedisResult<Value> {
        let mut state = self.state();
        let Some(control) = &mut state.control else {
            let stopped = (ErrorKind::Client, "the server is stopped");
            return Err(RedisError::from(stopped));
        };
        control.query(command)
    }

    /// Returns how often a command, for example `lpush`, was called since the server was started.
    ///
    /// # Panics
    ///
    /// Panics if the server does not answer.
    #[must_use]
    pub fn command_calls(&self, command: &str) -> u64 {
        let field = format!("cmdstat_{}", command.to_lowercase());
        let calls = self.observe(|control| control.info("commandstats", &field));
        calls.as_deref().and_then(calls_of).unwrap_or(0)
    }

    /// Returns how many connections the server has accepted since it was started; this observer's
    /// do not count.
    ///
    /// # Panics
    ///
    /// Panics if the server does not answer.
    #[must_use]
    pub fn connections_received(&self) -> u64 {
        self.observe(|control| {
            let received = number(control.info("stats", "total_connections_received")?);
            Ok(received - control.reconnects())
        })
    }

    /// Returns how many clients are connected to the server, without this observer.
    ///
    /// # Panics
    ///
    /// Panics if the server does not answer.
    #[must_use]
    pub fn connected_clients(&self) -> u64 {
        self.observe(|control| Ok(number(control.info("clients", "connected_clients")?) - 1))
    }

    /// Sends one command and converts the answer.
    pub(crate) fn ask<T: FromRedisValue>(&self, command: &[&str]) -> io::Result<T> {
        let answer = self.try_command(command);
        let failed = |error: RedisError| {
            // The first words only: a password may follow.
            let words = command[..command.len().min(2)].join(" ");
            io::Error::other(format!("{} refused `{words}`: {error}", self.url()))
        };
        redis::from_redis_value(answer.map_err(failed)?).map_err(io::Error::other)
    }

    fn observe<T>(&self, question: impl FnOnce(&mut Control) -> RedisResult<T>) -> T {
        let mut state = self.state();
        let Some(control) = &mut state.control else {
            panic!("the server of {} is stopped", self.url())
        };
        question(control).unwrap_or_else(|error| panic!("{} does not answer: {error}", self.url()))
    }
}

fn calls_of(statistics: &str) -> Option<u64> {
    statistics
        .split(',')
        .find_map(|field| field.strip_prefix("calls="))?
        .parse()
        .ok()
}

fn number(field: Option<String>) -> u64 {
    field.and_then(|value| value.parse().ok()).unwrap_or(0)
}
