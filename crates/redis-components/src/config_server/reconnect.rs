//! A connection to the config server that is opened when it is needed, and opened again when it has
//! ended.

use std::future::Future;
use std::time::Duration;

use redis::RedisError;
use tokio::time::timeout;

use super::connection::Connection;
use super::pushes::Pushes;
use super::reading::Answer;
use crate::config::ComponentConfig;
use crate::settings::timeouts::Timeouts;
use crate::telemetry;
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// Connects when something is asked, and keeps the connection.
#[derive(Debug)]
pub(super) struct Reconnect {
    config: ComponentConfig,
    timeouts: Timeouts,
    /// `None` if changes are polled.
    pushes: Option<Pushes>,
    connection: Option<Connection>,
    /// Whether the server did not grant pushes at the last connect.
    refused: bool,
}

impl Reconnect {
    pub(super) fn new(config: ComponentConfig, timeouts: Timeouts, pushes: Option<Pushes>) -> Self {
        Self {
            config,
            timeouts,
            pushes,
            connection: None,
            refused: false,
        }
    }

    /// Reads the keys. `sending` is called when the read is sent: the answer is newer than that
    /// moment. It is called a second time if the connection had ended. That may have happened while
    /// it was idle, and says nothing about the server.
    pub(super) async fn read(
        &mut self,
        keys: &[&str],
        mut sending: impl FnMut(),
    ) -> Result<Vec<Answer>, Failure> {
        bounded(self.bound(), async {
            let kept = self.connection.is_some();
            let connection = self.ensure().await?;
            sending();
            match connection.read(keys.iter().copied()).await {
                Err(error) if kept && error.is_connection_dropped() => {
                    self.connection = None;
                    let connection = self.ensure().await?;
                    sending();
                    Ok(connection.read(keys.iter().copied()).await?)
                }
                answers => Ok(answers?),
            }
        })
        .await
    }

    /// Writes values by their keys, once. If no answer comes, they may or may not be written.
    pub(super) async fn write<'a>(
        &mut self,
        values: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Result<(), RedisError>>, Failure> {
        bounded(self.bound(), async {
            // A connection may have ended while it was idle. The PING finds that out, because the
            // values are sent only once.
            if let Some(connection) = &mut self.connection
                && connection
                    .ping()
                    .await
                    .is_err_and(|failure| failure.is_closed())
            {
                self.connection = None;
            }
            Ok(self.ensure().await?.write(values).await?)
        })
        .await
    }

    /// Asks a connected server if it is up.
    pub(super) async fn ping(&mut self) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        bounded(self.timeouts.response, connection.ping()).await
    }

    /// Returns `true` if the connection brings pushes.
    pub(super) fn is_pushing(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_pushing)
    }

    /// Returns `true` if the server is connected and does not grant the pushes that are wanted.
    pub(super) fn is_refused(&self) -> bool {
        self.refused && self.connection.is_some()
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
    }

    /// A server that has answered before gets the time of one answer, also if a new connection is
    /// needed.
    fn bound(&self) -> Duration {
        match self.connection {
            Some(_) => self.timeouts.response,
            None => self.timeouts.connect,
        }
    }

    async fn ensure(&mut self) -> Result<&mut Connection, Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        Ok(self.connection.insert(connection))
    }

    async fn open(&mut self) -> Result<Connection, Failure> {
        let pushes = self.pushes.as_ref();
        let node = Node::prepare(&self.config, self.timeouts.connect).await?;
        let (connection, refusal) = Connection::open(&node, self.timeouts, pushes).await?;
        let refused_before = std::mem::replace(&mut self.refused, refusal.is_some());
        if let Some(refusal) = refusal
            && !refused_before
        {
            telemetry::config_server::does_not_push(&self.config.address(), &refusal);
        }
        Ok(connection)
    }
}

async fn bounded<T>(
    bound: Duration,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout(bound, future).await {
        Ok(result) => result,
        Err(_) => Err(Failure::timed_out(bound)),
    }
}
