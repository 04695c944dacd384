//! *Redis in Action* 5.4.3, as literally as Rust allows: what a user would write by hand.
//!
//! `get_config` remembers the time and the answer of its last read; `redis_connection` compares
//! this config with the one of the cached client. As in the book, nothing is probed, closed or
//! bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs::log_recent;

type Config = Arc<Value>;

#[derive(Clone)]
pub(crate) struct Book {
    config_connection: MultiplexedConnection,
    component: &'static str,
    wait: Duration,
    dictionaries: Arc<Mutex<Dictionaries>>,
}

/// The book's `CHECKED`, `CONFIGS` and `REDIS_CONNECTIONS`.
#[derive(Default)]
struct Dictionaries {
    checked: HashMap<String, Instant>,
    configs: HashMap<String, Config>,
    connections: HashMap<String, (Config, MultiplexedConnection)>,
}

impl Book {
    pub(crate) async fn connect(
        config_server: &str,
        component: &'static str,
        wait: Duration,
    ) -> Result<Self, Failure> {
        let client = redis::Client::open(config_server)?;
        Ok(Self {
            config_connection: client.get_multiplexed_async_connection().await?,
            component,
            wait,
            dictionaries: Arc::default(),
        })
    }

    /// Returns a connection, as the book's decorator does for each call.
    pub(crate) async fn connection(&mut self) -> Result<MultiplexedConnection, Failure> {
        let key = format!("config:redis:{}", self.component);
        let config = self.get_config(&key).await?;
        if let Some((built_from, connection)) = self.dictionaries().connections.get(&key)
            && *built_from == config
        {
            return Ok(connection.clone());
        }
        let url = format!(
            "redis://{}:{}",
            config["host"].as_str().unwrap_or("localhost"),
            config["port"].as_u64().unwrap_or(6379)
        );
        let client = redis::Client::open(url)?;
        let connection = client.get_multiplexed_async_connection().await?;
        let cached = (config, connection.clone());
        self.dictionaries().connections.insert(key, cached);
        Ok(connection)
    }

    async fn get_config(&mut self, key: &str) -> Result<Config, Failure> {
        let due = {
            let dictionaries = self.dictionaries();
            let checked = dictionaries.checked.get(key);
            checked.is_none_or(|checked| checked.elapsed() >= self.wait)
        };
        if due {
            self.dictionaries()
                .checked
                .insert(key.to_owned(), Instant::now());
            let text: Option<String> = self.config_connection.get(key).await?;
            let config: Value = serde_json::from_str(text.as_deref().unwrap_or("{}"))?;
            let config = Arc::new(config);
            let mut dictionaries = self.dictionaries();
            if dictionaries.configs.get(key) != Some(&config) {
                dictionaries.configs.insert(key.to_owned(), config);
            }
        }
        let config = self.dictionaries().configs.get(key).cloned();
        Ok(config.ok_or("asked for by another task, and not answered yet")?)
    }

    fn dictionaries(&self) -> MutexGuard<'_, Dictionaries> {
        self.dictionaries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asynchronous for Book {
    type Caller = Self;

    fn caller(&self, _: usize) -> Self::Caller {
        self.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.connection().await?;
        Ok(log_recent(&mut connection, APP, MESSAGE).await?)
    }
}
