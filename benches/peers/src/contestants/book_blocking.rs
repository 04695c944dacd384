//! *Redis in Action* 5.4.3 for threads, as literally as Rust allows, the config asked for on each call.
//!
//! The book's client for Python gives each thread a connection of its own, and so does this.

use std::sync::{Mutex, PoisonError};

use redis::{Client, Commands, Connection};
use serde_json::Value;

use super::threads::Blocking;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs_blocking::log_recent;

pub(crate) struct Book {
    client: Client,
    key: String,
    /// The state of threads that have ended.
    idle: Mutex<Vec<Caller>>,
}

/// What a thread has: the book's `CONFIGS` and `REDIS_CONNECTIONS`.
pub(crate) struct Caller {
    key: String,
    config_connection: Connection,
    connection: Option<(Value, Connection)>,
}

impl Book {
    pub(crate) fn new(config_server: &str, component: &str) -> Result<Self, Failure> {
        Ok(Self {
            client: Client::open(config_server)?,
            key: format!("config:redis:{component}"),
            idle: Mutex::default(),
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Caller>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Returns a connection, as the book's decorator does for each call.
    fn connection(&mut self) -> Result<&mut Connection, Failure> {
        let text: Option<String> = self.config_connection.get(&self.key)?;
        let config: Value = serde_json::from_str(text.as_deref().unwrap_or("{}"))?;
        let (built_from, connection) = match self.connection.take() {
            Some(known) if known.0 == config => known,
            _ => {
                let url = format!(
                    "redis://{}:{}",
                    config["host"].as_str().unwrap_or("localhost"),
                    config["port"].as_u64().unwrap_or(6379)
                );
                let connection = Client::open(url)?.get_connection()?;
                (config, connection)
            }
        };
        Ok(&mut self.connection.insert((built_from, connection)).1)
    }
}

impl Blocking for Book {
    type Caller = Caller;

    fn caller(&self) -> Result<Caller, Failure> {
        if let Some(idle) = self.idle().pop() {
            return Ok(idle);
        }
        Ok(Caller {
            key: self.key.clone(),
            config_connection: self.client.get_connection()?,
            connection: None,
        })
    }

    fn log_recent(caller: &mut Caller) -> Result<(), Failure> {
        Ok(log_recent(caller.connection()?, APP, MESSAGE)?)
    }

    fn done(&self, caller: Caller) {
        self.idle().push(caller);
    }
}
